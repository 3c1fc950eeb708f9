// LVGL's functions as Python functions, called by libffi after the signature in the table.
#include <string.h>
#include "binding.h"

typedef struct {
    mp_obj_base_t base;
    const lvb_function_t *function;
    size_t count;
    ffi_cif cif;
    ffi_type *ffi_types[LVB_ARGUMENTS_MAX + 1]; // [0] is the result
    lvb_type_t types[]; // [0] is the result
} function_object_t;

typedef union {
    uint64_t word;
    uint8_t bytes[LVB_VALUE_BYTES_MAX];
} cell_t;

MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_function_objects);
static const mp_obj_type_t function_type;

const lvb_function_t *lvb_find_function(const char *name) {
    size_t low = 0, high = lvb_function_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, lvb_functions[middle].name);
        if (order == 0) {
            return lvb_functions[middle].address ? &lvb_functions[middle] : NULL;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static mp_obj_t new_function_object(const lvb_function_t *function) {
    size_t count = 0;
    for (const char *c = function->signature; *c; c++) {
        count += *c == ' ';
    }
    function_object_t *self = m_malloc(sizeof(function_object_t) + (count + 1) * sizeof(lvb_type_t));
    self->base.type = &function_type;
    self->function = function;
    self->count = count;
    const char *spelling = function->signature;
    for (size_t i = 0; i <= count; i++) {
        spelling = lvb_parse_type(spelling, &self->types[i]) + 1;
        self->ffi_types[i] = lvb_ffi_type(&self->types[i]);
    }
    ffi_prep_cif(&self->cif, FFI_DEFAULT_ABI, count, self->ffi_types[0], self->ffi_types + 1);
    return MP_OBJ_FROM_PTR(self);
}

mp_obj_t lvb_function_object(const char *name) {
    const lvb_function_t *function = lvb_find_function(name);
    if (function == NULL) {
        return MP_OBJ_NULL;
    }
    if (MP_STATE_VM(lvb_function_objects) == MP_OBJ_NULL) {
        MP_STATE_VM(lvb_function_objects) = mp_obj_new_dict(0);
    }
    mp_obj_t key = lvb_address_key(function);
    mp_obj_t object = lvb_lookup(MP_STATE_VM(lvb_function_objects), key);
    if (object == MP_OBJ_NULL) {
        object = new_function_object(function);
        mp_obj_dict_store(MP_STATE_VM(lvb_function_objects), key, object);
    }
    return object;
}

const lvb_function_t *lvb_is_function(mp_obj_t object) {
    return mp_obj_is_type(object, &function_type) ? ((function_object_t *)MP_OBJ_TO_PTR(object))->function : NULL;
}

bool lvb_takes_object_first(mp_obj_t function) {
    function_object_t *self = MP_OBJ_TO_PTR(function);
    return self->count > 0 && self->types[1].kind == 'o';
}

static mp_obj_t function_call(mp_obj_t self_in, size_t given, size_t keywords, const mp_obj_t *arguments) {
    function_object_t *self = MP_OBJ_TO_PTR(self_in);
    if (given != self->count || keywords != 0) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("function takes %d positional arguments but %d were given"),
            (int)self->count, (int)given);
    }
    // callbacks that are registered on a widget end with it
    mp_obj_t owner = lvb_takes_object_first(self_in) && arguments[0] != mp_const_none ? arguments[0] : MP_OBJ_NULL;
    cell_t cells[LVB_ARGUMENTS_MAX], result;
    void *places[LVB_ARGUMENTS_MAX];
    for (size_t i = 0; i < given; i++) {
        lvb_store(&self->types[i + 1], &cells[i], arguments[i], owner);
        places[i] = &cells[i];
    }
    ffi_call(&self->cif, FFI_FN(self->function->address), &result, places);
    return lvb_load(&self->types[0], &result, MP_OBJ_NULL);
}

static MP_DEFINE_CONST_OBJ_TYPE(
    function_type, MP_QSTR_function, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN, call, function_call);
