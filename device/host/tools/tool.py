"""What a tool is, and how the tools describe their arguments."""

from device.host.errors import Refused


class Tool:
    """`name`, `description` and `schema` are told to the model. `async run(use, args) -> text` carries out a call whose
    arguments have passed the schema; it raises Refused to say no. `main_only`: described in the main group only (what
    it may is decided by policy wherever it is called)."""

    def __init__(self, name, description, schema, run, main_only=False):
        self.name = name
        self.description = description
        self.schema = schema
        self.run = run
        self.main_only = main_only

    def described(self):
        """The form of the `llm` service."""
        return {"name": self.name, "description": self.description, "schema": self.schema}


class Use:
    """One call's surroundings: `run`, `lease`, `api` (run_api.py), `parts` (the toolbox's Parts)."""

    def __init__(self, run, lease, api, parts):
        self.run = run
        self.folder = run["folder"]
        self.lease = lease
        self.api = api
        self.parts = parts

    @property
    def is_main(self):
        """Whether the run is the owner's own group's."""
        return self.folder == "main"

    @property
    def group(self):
        """The run's group; raises Refused when it was removed meanwhile."""
        group = self.api.view.groups.get(self.folder)
        if group is None:
            raise Refused("unknown_group", "this group was removed")
        return group

    async def change(self, tool, command, args):
        """Carry out a device command as the group, durably together with the mark that something was done."""
        result = self.api.perform(command, args)
        self.api.had_effect("used " + tool)
        await self.api.committed()
        return result


def schema(required, **properties):
    """The JSON schema of an object with these properties."""
    return {"type": "object", "properties": properties, "required": required}


def text(description, most_chars, least=1):
    """A text property."""
    return {"type": "string", "description": description, "minLength": least, "maxLength": most_chars}


def choice(description, *options):
    """A property that is one of a few texts."""
    return {"type": "string", "description": description, "enum": list(options)}
