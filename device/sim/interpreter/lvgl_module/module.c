// `import lvgl`: names are looked up in the tables when they are first asked for, and kept.
#include <stdio.h>
#include <string.h>
#include "py/objtype.h"
#include "binding.h"

MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_attributes); // name -> what it stands for
static bool initialised;

mp_obj_t lvb_lookup(mp_obj_t dict, mp_obj_t key) {
    mp_map_elem_t *element = mp_map_lookup(mp_obj_dict_get_map(dict), key, MP_MAP_LOOKUP);
    return element ? element->value : MP_OBJ_NULL;
}

mp_obj_t lvb_address_key(const void *address) {
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)((uintptr_t)address >> 1));
}

static void initialise(void) {
    if (!initialised) {
        initialised = true;
        MP_STATE_VM(lvb_attributes) = mp_obj_new_dict(0);
        lvb_init_records();
        lvb_init_widgets();
    }
}

// --- names ---

mp_obj_t lvb_enumeration(const char *group) {
    mp_obj_t dict = MP_OBJ_NULL;
    for (size_t i = 0; i < lvb_enumerator_count; i++) {
        const lvb_enumerator_t *enumerator = &lvb_enumerators[i];
        if (strcmp(enumerator->group, group) == 0) {
            if (dict == MP_OBJ_NULL) {
                dict = mp_obj_new_dict(0);
            }
            mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(qstr_from_str(enumerator->name)), mp_obj_new_int_from_ll(enumerator->value));
        }
    }
    if (dict == MP_OBJ_NULL) {
        return MP_OBJ_NULL;
    }
    char name[64];
    snprintf(name, sizeof(name), "LV_%s", group);
    return mp_obj_new_type(qstr_from_str(name), mp_const_empty_tuple, dict);
}

static mp_obj_t constant(const char *name) {
    for (size_t i = 0; i < lvb_enumerator_count && lvb_enumerators[i].group[0] == 0; i++) {
        if (strcmp(lvb_enumerators[i].name, name) == 0) {
            return mp_obj_new_int_from_ll(lvb_enumerators[i].value);
        }
    }
    return MP_OBJ_NULL;
}

static mp_obj_t symbols(void) {
    mp_obj_t dict = mp_obj_new_dict(0);
    for (size_t i = 0; i < lvb_symbol_count; i++) {
        const char *text = lvb_symbols[i].text;
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(qstr_from_str(lvb_symbols[i].name)), mp_obj_new_str(text, strlen(text)));
    }
    return mp_obj_new_type(MP_QSTR_SYMBOL, mp_const_empty_tuple, dict);
}

static mp_obj_t record_class(const char *full_name) {
    size_t length = strlen(full_name);
    const lvb_record_t *record = lvb_find_record(full_name, length);
    bool is_type = length > 2 && strcmp(full_name + length - 2, "_t") == 0;
    return is_type && record != NULL ? lvb_record_class(record) : MP_OBJ_NULL;
}

static mp_obj_t variable(const char *full_name) {
    for (size_t i = 0; i < lvb_variable_count; i++) {
        const lvb_variable_t *found = &lvb_variables[i];
        if (strcmp(found->name, full_name) == 0 && found->address != NULL) {
            const lvb_record_t *record = lvb_find_record(found->record, strlen(found->record));
            return lvb_wrap_record(record, found->address, MP_OBJ_NULL);
        }
    }
    return MP_OBJ_NULL;
}

static mp_obj_t find(const char *name) {
    char full_name[128];
    snprintf(full_name, sizeof(full_name), "lv_%s", name);
    mp_obj_t found = lvb_widget_class(name);
    if (found == MP_OBJ_NULL) {
        found = record_class(full_name);
    }
    if (found == MP_OBJ_NULL) {
        found = lvb_function_object(full_name);
    }
    if (found == MP_OBJ_NULL) {
        found = variable(full_name);
    }
    if (found == MP_OBJ_NULL && name[0] != 0) {
        found = lvb_enumeration(name);
    }
    if (found == MP_OBJ_NULL) {
        found = constant(name);
    }
    if (found == MP_OBJ_NULL && strcmp(name, "SYMBOL") == 0) {
        found = symbols();
    }
    return found;
}

// --- the module ---

static mp_obj_t module_getattr(mp_obj_t attribute) {
    const char *name = mp_obj_str_get_str(attribute);
    if (strncmp(name, "__", 2) == 0) {
        mp_raise_msg(&mp_type_AttributeError, NULL);
    }
    initialise();
    mp_obj_t found = lvb_lookup(MP_STATE_VM(lvb_attributes), attribute);
    if (found != MP_OBJ_NULL) {
        return found;
    }
    found = find(name);
    if (found == MP_OBJ_NULL) {
        mp_raise_msg_varg(&mp_type_AttributeError, MP_ERROR_TEXT("module 'lvgl' has no attribute '%s'"), name);
    }
    mp_obj_dict_store(MP_STATE_VM(lvb_attributes), attribute, found);
    return found;
}
static MP_DEFINE_CONST_FUN_OBJ_1(module_getattr_obj, module_getattr);

static mp_obj_t module_init(void) {
    initialise();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(module_init_obj, module_init);

static const mp_rom_map_elem_t module_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&module_init_obj)}, // without it __getattr__ is not asked
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_lvgl)},
    {MP_ROM_QSTR(MP_QSTR___getattr__), MP_ROM_PTR(&module_getattr_obj)},
    {MP_ROM_QSTR(MP_QSTR_LvReferenceError), MP_ROM_PTR(&mp_type_LvReferenceError)},
    {MP_ROM_QSTR(MP_QSTR_set_exception_hook), MP_ROM_PTR(&lvb_set_exception_hook_obj)},
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t lvgl_user_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_lvgl, lvgl_user_module);
