"""LVGL's headers, parsed into a model: functions, enumerations, structs, variables, each type as a small object."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# C's arithmetic types, as Python's struct module names them (64-bit Linux).
_NUMBERS = {
    "int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "uint32_t": "I",
    "int64_t": "q", "uint64_t": "Q", "size_t": "Q", "ssize_t": "q", "uintptr_t": "Q", "intptr_t": "q", "ptrdiff_t": "q",
    "bool": "?", "_Bool": "?", "char": "b", "signed char": "b", "unsigned char": "B",
    "short": "h", "unsigned short": "H",
    "int": "i", "unsigned int": "I", "unsigned": "I", "long": "q", "unsigned long": "Q", "long long": "q",
    "float": "f", "double": "d", "void": "v",
}  # fmt: skip


@dataclass(frozen=True)
class Number:
    """An arithmetic type or void, by its letter."""

    letter: str


@dataclass(frozen=True)
class Enum:
    """Any enumeration: an int."""

    tag: str


@dataclass(frozen=True)
class Record:
    """A struct or union, by its tag or, where it has one, by its typedef's name."""

    tag: str


@dataclass(frozen=True)
class Pointer:
    """A pointer to `target`."""

    target: "Type"


@dataclass(frozen=True)
class Array:
    """An array of `target`."""

    target: "Type"


@dataclass(frozen=True)
class Function:
    """A function, or what a function pointer points to."""

    result: "Type"
    parameters: tuple[tuple[str, "Type"], ...]
    inline: bool = False


@dataclass(frozen=True)
class Unknown:
    """What Python cannot be given: va_list, variable arguments, types of the C library."""


Type = Number | Enum | Record | Pointer | Array | Function | Unknown


@dataclass(frozen=True)
class Field:
    """One field of a struct."""

    name: str
    type: Type
    is_bits: bool


@dataclass
class Model:
    """Everything the headers declare. Names are C's own."""

    functions: dict[str, Function] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)
    records: dict[str, list[Field]] = field(default_factory=dict)  # by tag
    record_names: dict[str, str] = field(default_factory=dict)  # typedef's name -> tag
    variables: dict[str, Type] = field(default_factory=dict)
    symbols: list[str] = field(default_factory=list)  # the names X of LV_SYMBOL_X

    def public_name(self, tag: str) -> str:
        """The name of the struct with this tag that C code uses: its typedef's, if it has one."""
        if tag in self.record_names:
            return tag
        return next((name for name, of in self.record_names.items() if of == tag), tag)

    def fields_of(self, name: str) -> list[Field] | None:
        """The fields of the struct of this typedef name; None if the headers only declare it."""
        return self.records.get(self.record_names.get(name, ""))


def parse(lvgl: Path, configuration: Path, compiler: str) -> Model:
    """Parse `lvgl`/lvgl.h under the lv_conf.h in the folder `configuration`."""
    from pycparser import c_parser
    from pycparser_fake_libc import directory as fake_libc

    paths = [f"-I{configuration}", f"-I{lvgl}"]
    text = _preprocess(
        [
            compiler,
            "-E",
            "-P",
            "-std=gnu11",
            "-DPYCPARSER",
            "-D__attribute__(x)=",
            "-D__extension__=",
            "-D__inline=inline",
        ]
        + ["-DLV_CONF_INCLUDE_SIMPLE", "-isystem", fake_libc, *paths, str(lvgl / "lvgl.h")]
    )
    reader = _Reader()
    for declaration in c_parser.CParser().parse(text, "lvgl.h").ext:
        reader.take(declaration)
    macros = _preprocess([compiler, "-E", "-dM", "-DLV_CONF_INCLUDE_SIMPLE", *paths, str(lvgl / "lvgl.h")])
    reader.model.symbols = sorted(set(re.findall(r"#define LV_SYMBOL_(\w+)\s+\"", macros)))
    return reader.model


def _preprocess(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - the compiler


class _Reader:
    """Walks the declarations in their order, so that every typedef is known before its use."""

    def __init__(self) -> None:
        from pycparser import c_ast

        self._c = c_ast
        self._typedefs: dict[str, Type] = {}
        self.model = Model()

    def take(self, node) -> None:
        """Add one declaration of the file's top level."""
        c = self._c
        if isinstance(node, c.Typedef):
            self._take_typedef(node)
            return
        declaration = node.decl if isinstance(node, c.FuncDef) else node
        if not isinstance(declaration, c.Decl):
            return
        if isinstance(declaration.type, c.FuncDecl):
            inline = isinstance(node, c.FuncDef) or "inline" in declaration.funcspec
            self.model.functions[declaration.name] = self._function(declaration.type, inline)
        elif isinstance(declaration.type, (c.Struct, c.Union, c.Enum)):
            self._type(declaration.type)
        elif "extern" in declaration.storage:
            self.model.variables[declaration.name] = self._type(declaration.type)

    def _take_typedef(self, node) -> None:
        kind = self._type(node.type)
        self._typedefs[node.name] = kind
        if isinstance(kind, Record):
            self.model.record_names[node.name] = self.model.record_names.get(kind.tag, kind.tag)
        elif isinstance(kind, Enum):
            enums = self.model.enums
            enums[node.name] = enums.pop(kind.tag, enums.get(node.name, []))

    def _type(self, node) -> Type:
        c = self._c
        if isinstance(node, (c.TypeDecl, c.Typename)):
            return self._type(node.type)
        if isinstance(node, c.IdentifierType):
            return self._named(" ".join(name for name in node.names if name not in ("const", "volatile")))
        if isinstance(node, (c.Struct, c.Union)):
            return self._record(node)
        if isinstance(node, c.Enum):
            tag = node.name or f"anonymous {id(node)}"
            if node.values:
                self.model.enums[tag] = [enumerator.name for enumerator in node.values.enumerators]
            return Enum(tag)
        if isinstance(node, c.PtrDecl):
            target = self._type(node.type)
            return target if isinstance(node.type, c.FuncDecl) else Pointer(target)
        if isinstance(node, c.ArrayDecl):
            return Array(self._type(node.type))
        if isinstance(node, c.FuncDecl):
            return self._function(node)
        return Unknown()

    def _named(self, name: str) -> Type:
        if name in _NUMBERS:
            return Number(_NUMBERS[name])
        known = self._typedefs.get(name, Unknown())
        if isinstance(known, Record):
            return Record(name)
        return Enum(name) if isinstance(known, Enum) else known

    def _record(self, node) -> Record:
        tag = node.name or f"anonymous {id(node)}"
        if node.decls:
            declarations = [d for d in node.decls if isinstance(d, self._c.Decl)]
            self.model.records[tag] = [Field(d.name or "", self._type(d.type), bool(d.bitsize)) for d in declarations]
        return Record(tag)

    def _function(self, node, inline: bool = False) -> Function:
        parameters = []
        for number, parameter in enumerate(node.args.params if node.args else []):
            if isinstance(parameter, self._c.EllipsisParam):
                parameters.append(("...", Unknown()))
                continue
            kind = self._type(parameter.type)
            if kind == Number("v"):
                continue
            parameters.append(
                (parameter.name or f"a{number}", Pointer(kind.target) if isinstance(kind, Array) else kind)
            )
        return Function(self._type(node.type), tuple(parameters), inline)
