"""The check of a tool's arguments against its JSON schema: the part of it that the tools here use.

An object of properties, "required", and for each property "type" (string, integer, boolean, object of strings),
"enum", "minLength" and "maxLength" (characters), "minimum" and "maximum". What is not named is not taken.
"""


def problem(schema, args):
    """None, or what is wrong with the arguments, as a sentence that the model can act on."""
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in args:
            return "%s is missing." % name
    for name in args:
        if name not in properties:
            return "There is no argument %s; there are: %s." % (name[:40], ", ".join(sorted(properties)) or "none")
        found = _value(properties[name], args[name])
        if found is not None:
            return "%s %s." % (name, found)
    return None


def _value(rule, value):
    kind = rule["type"]
    if kind == "string":
        return _string(rule, value)
    if kind == "integer":
        if not isinstance(value, int) or isinstance(value, bool):
            return "must be a whole number"
        if not rule.get("minimum", value) <= value <= rule.get("maximum", value):
            return "must be from %d to %d" % (rule["minimum"], rule["maximum"])
        return None
    if kind == "boolean":
        return None if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, dict) or [each for each in value.values() if not isinstance(each, str)]:
        return "must be an object of texts"
    return None


def _string(rule, value):
    if not isinstance(value, str):
        return "must be a text"
    if "enum" in rule and value not in rule["enum"]:
        return "must be one of: " + ", ".join(rule["enum"])
    if len(value) < rule.get("minLength", 0):
        return "must not be empty"
    if len(value) > rule.get("maxLength", len(value)):
        return "must have at most %d characters" % rule["maxLength"]
    return None
