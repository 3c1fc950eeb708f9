// C's types, as the tables spell them:
//
//   v              void
//   ?              bool
//   b B h H i I q Q   integers, as Python's struct module names them; enums are i
//   f d            float, double
//   s              char *: str, or None
//   o              lv_obj_t *: a widget, or None
//   u              void * user data: any Python object, kept as it is; read back as a Blob whose __cast__() gives the object
//   p              any other pointer: widget, struct, Blob, int, or whatever has a buffer
//   P:<letter>     pointer to numbers: like p, or a list of numbers
//   T              pointer to texts: a list of str, or a Blob
//   S:<struct>     pointer to a struct: such a struct, a dict of its fields, a list of structs, a Blob, or None
//   V:<struct>     a struct by value: such a struct or a dict of its fields
//   A              an array inside a struct: read as a Blob that points to it
//   F:<types>      a callback: a callable, one of LVGL's functions, or None
#include <stdlib.h>
#include <string.h>
#include "binding.h"

const char *lvb_parse_type(const char *spelling, lvb_type_t *type) {
    size_t length = strcspn(spelling, ", ");
    if (spelling[0] == 'F') {
        length = strcspn(spelling, " ");
    }
    *type = (lvb_type_t) {.kind = spelling[0], .spelling = spelling};
    if (type->kind == 'P') {
        type->element = spelling[2];
    } else if (type->kind == 'S' || type->kind == 'V') {
        type->record = lvb_find_record(spelling + 2, length - 2);
    }
    return spelling + length;
}

size_t lvb_type_size(const lvb_type_t *type) {
    switch (type->kind) {
        case 'v':
            return 0;
        case '?':
        case 'b':
        case 'B':
            return 1;
        case 'h':
        case 'H':
            return 2;
        case 'i':
        case 'I':
        case 'f':
            return 4;
        case 'V':
            return type->record->size;
        default:
            return 8;
    }
}

// A struct by value, for libffi. How it is passed depends only on its size, as none of LVGL's holds a float.
static ffi_type *ffi_type_of_bytes(size_t size) {
    static ffi_type *known[LVB_VALUE_BYTES_MAX + 1];
    if (known[size] == NULL) {
        bool words = size % 4 == 0;
        size_t count = words ? size / 4 : size;
        ffi_type *type = calloc(1, sizeof(ffi_type) + (count + 1) * sizeof(ffi_type *));
        type->type = FFI_TYPE_STRUCT;
        type->elements = (ffi_type **)(type + 1);
        for (size_t i = 0; i < count; i++) {
            type->elements[i] = words ? &ffi_type_uint32 : &ffi_type_uint8;
        }
        known[size] = type;
    }
    return known[size];
}

ffi_type *lvb_ffi_type(const lvb_type_t *type) {
    switch (type->kind) {
        case 'v':
            return &ffi_type_void;
        case 'b':
            return &ffi_type_sint8;
        case '?':
        case 'B':
            return &ffi_type_uint8;
        case 'h':
            return &ffi_type_sint16;
        case 'H':
            return &ffi_type_uint16;
        case 'i':
            return &ffi_type_sint32;
        case 'I':
            return &ffi_type_uint32;
        case 'f':
            return &ffi_type_float;
        case 'd':
            return &ffi_type_double;
        case 'q':
            return &ffi_type_sint64;
        case 'Q':
            return &ffi_type_uint64;
        case 'V':
            return ffi_type_of_bytes(type->record->size);
        default:
            return &ffi_type_pointer;
    }
}
