// One C value <-> one Python object, by its type (types.c says which Python objects stand for which type).
#include <string.h>
#include "py/binary.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/objtype.h"
#include "binding.h"

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
