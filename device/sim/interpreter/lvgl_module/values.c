// One C type <-> one Python object. How the tables spell a type:
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
#include "py/binary.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/objtype.h"
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

// --- C to Python ---

static mp_obj_t load_record(const lvb_record_t *record, void *at, mp_obj_t holder) {
    if (holder != MP_OBJ_NULL) {
        return lvb_wrap_record(record, at, holder);
    }
    mp_obj_t copy = lvb_new_record(record);
    memcpy(((lvb_struct_t *)MP_OBJ_TO_PTR(copy))->pointer, at, record->size);
    return copy;
}

static mp_obj_t load_pointer(const lvb_type_t *type, void *pointer) {
    if (pointer == NULL) {
        return mp_const_none;
    }
    switch (type->kind) {
        case 's':
            return mp_obj_new_str(pointer, strlen(pointer));
        case 'o':
            return lvb_wrap_object(pointer);
        case 'S':
            return type->record ? lvb_wrap_record(type->record, pointer, MP_OBJ_NULL) : lvb_wrap_pointer(pointer);
        default:
            return lvb_wrap_pointer(pointer);
    }
}

mp_obj_t lvb_load(const lvb_type_t *type, void *at, mp_obj_t holder) {
    switch (type->kind) {
        case 'v':
            return mp_const_none;
        case '?':
            return mp_obj_new_bool(*(uint8_t *)at);
        case 'b':
            return MP_OBJ_NEW_SMALL_INT(*(int8_t *)at);
        case 'B':
            return MP_OBJ_NEW_SMALL_INT(*(uint8_t *)at);
        case 'h':
            return MP_OBJ_NEW_SMALL_INT(*(int16_t *)at);
        case 'H':
            return MP_OBJ_NEW_SMALL_INT(*(uint16_t *)at);
        case 'i':
            return mp_obj_new_int(*(int32_t *)at);
        case 'I':
            return mp_obj_new_int_from_uint(*(uint32_t *)at);
        case 'q':
            return mp_obj_new_int_from_ll(*(int64_t *)at);
        case 'Q':
            return mp_obj_new_int_from_ull(*(uint64_t *)at);
        case 'f':
            return mp_obj_new_float((mp_float_t)*(float *)at);
        case 'd':
            return mp_obj_new_float((mp_float_t)*(double *)at);
        case 'V':
            return load_record(type->record, at, holder);
        case 'A':
            return lvb_wrap_pointer(at);
        default:
            return load_pointer(type, *(void **)at);
    }
}

// --- Python to C ---

static _Noreturn void cannot_convert(mp_obj_t value, const char *to) {
    // SyntaxError is what LVGL's own binding raises here
    mp_raise_msg_varg(&mp_type_SyntaxError, MP_ERROR_TEXT("Can't convert %s to %s!"), mp_obj_get_type_str(value), to);
}

static bool is_sequence(mp_obj_t value) {
    return mp_obj_is_type(value, &mp_type_list) || mp_obj_is_type(value, &mp_type_tuple);
}

static void *pointer_of_blob(mp_obj_t value) {
    return ((lvb_blob_t *)MP_OBJ_TO_PTR(value))->pointer;
}

static void *pointer_of_record(mp_obj_t value) {
    return ((lvb_struct_t *)MP_OBJ_TO_PTR(value))->pointer;
}

static void *record_pointer(const lvb_record_t *record, mp_obj_t value);

static void *array_of_records(const lvb_record_t *record, mp_obj_t sequence) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(sequence, &count, &items);
    char *array = m_malloc0(count * record->size + 1);
    for (size_t i = 0; i < count; i++) {
        void *item = record_pointer(record, items[i]);
        if (item != NULL) {
            memcpy(array + i * record->size, item, record->size);
        }
    }
    return array;
}

// `record` is NULL for a struct that the headers only declare
static void *record_pointer(const lvb_record_t *record, mp_obj_t value) {
    if (value == mp_const_none) {
        return NULL;
    }
    if (lvb_is_blob(value)) {
        return pointer_of_blob(value);
    }
    if (record != NULL && mp_obj_is_type(value, &mp_type_dict)) {
        return pointer_of_record(lvb_record_from_dict(record, value));
    }
    if (record != NULL && is_sequence(value)) {
        return array_of_records(record, value);
    }
    const lvb_record_t *actual = lvb_record_of(value);
    if (actual == NULL || (record != NULL && actual != record)) {
        cannot_convert(value, record ? record->name : "ptr");
    }
    return pointer_of_record(value);
}

static void *array_of_numbers(char element, mp_obj_t sequence) {
    size_t count, alignment;
    mp_obj_t *items;
    mp_obj_get_array(sequence, &count, &items);
    char *array = m_malloc(count * mp_binary_get_size('@', element, &alignment) + 1);
    for (size_t i = 0; i < count; i++) {
        mp_binary_set_val_array(element == '?' ? 'B' : element, array, i, items[i]);
    }
    return array;
}

static void *array_of_texts(mp_obj_t sequence) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(sequence, &count, &items);
    const char **array = m_malloc0((count + 1) * sizeof(char *)); // LVGL keeps it: the collector follows its pointers
    for (size_t i = 0; i < count; i++) {
        array[i] = mp_obj_str_get_str(items[i]);
    }
    return array;
}

static void *any_pointer(const lvb_type_t *type, mp_obj_t value) {
    if (value == mp_const_none) {
        return NULL;
    }
    if (lvb_is_object(value)) {
        return lvb_object_pointer(value);
    }
    if (lvb_record_of(value) != NULL) {
        return pointer_of_record(value);
    }
    if (lvb_is_blob(value)) {
        return pointer_of_blob(value);
    }
    if (mp_obj_is_int(value)) {
        return (void *)mp_obj_int_get_truncated(value);
    }
    mp_buffer_info_t buffer;
    if (mp_get_buffer(value, &buffer, MP_BUFFER_READ)) {
        return buffer.buf;
    }
    if (type->kind == 'P' && is_sequence(value)) {
        return array_of_numbers(type->element, value);
    }
    if (type->kind == 'T' && is_sequence(value)) {
        return array_of_texts(value);
    }
    if (type->kind != 'p') {
        cannot_convert(value, "ptr");
    }
    return MP_OBJ_TO_PTR(value); // an object handed through LVGL as it is
}

static void store_by_value(const lvb_record_t *record, void *at, mp_obj_t value) {
    if (mp_obj_is_int(value) && record->size == 8) { // a style value is a union: a number stands for its num
        *(int64_t *)at = mp_obj_int_get_truncated(value);
        return;
    }
    if (mp_obj_is_type(value, &mp_type_dict)) {
        value = lvb_record_from_dict(record, value);
    }
    if (lvb_record_of(value) != record) {
        cannot_convert(value, record->name);
    }
    memcpy(at, pointer_of_record(value), record->size);
}

static mp_int_t integer(mp_obj_t value) {
    // a number too large for the C type loses its upper bits: 0xFFFFFFFF is a fine int32_t (-1) in LVGL's interfaces
    return mp_obj_is_int(value) ? mp_obj_int_get_truncated(value) : mp_obj_get_int(value);
}

static void *pointer_for(const lvb_type_t *type, mp_obj_t value, mp_obj_t owner) {
    switch (type->kind) {
        case 's':
            return value == mp_const_none ? NULL : (void *)mp_obj_str_get_str(value);
        case 'o':
            if (value == mp_const_none) {
                return NULL;
            }
            if (!lvb_is_object(value)) {
                cannot_convert(value, "lv_obj_t");
            }
            return lvb_object_pointer(value);
        case 'u':
            return value == mp_const_none ? NULL : MP_OBJ_TO_PTR(value);
        case 'S':
            return record_pointer(type->record, value);
        case 'F':
            return lvb_callback(type, value, owner);
        default:
            return any_pointer(type, value);
    }
}

void lvb_store(const lvb_type_t *type, void *at, mp_obj_t value, mp_obj_t owner) {
    switch (type->kind) {
        case 'v':
            break;
        case '?':
            *(uint8_t *)at = mp_obj_is_true(value);
            break;
        case 'f':
            *(float *)at = (float)mp_obj_get_float(value);
            break;
        case 'd':
            *(double *)at = (double)mp_obj_get_float(value);
            break;
        case 'b':
        case 'B':
        case 'h':
        case 'H':
        case 'i':
        case 'I':
        case 'q':
        case 'Q': {
            long long number = integer(value); // the low bytes come first: x86-64 and ARM64 are little-endian
            memcpy(at, &number, lvb_type_size(type));
            break;
        }
        case 'V':
            store_by_value(type->record, at, value);
            break;
        case 'A':
            mp_raise_TypeError(MP_ERROR_TEXT("an array in a struct cannot be assigned: write through __dereference__()"));
        default:
            *(void **)at = pointer_for(type, value, owner);
    }
}
