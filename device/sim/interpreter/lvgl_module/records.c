// LVGL's structs as Python classes with their fields as attributes, and bare pointers as "Blob".
#include <stdio.h>
#include <string.h>
#include "py/objarray.h"
#include "py/objtype.h"
#include "binding.h"

#define RECORDS_MAX 256

typedef struct {
    mp_obj_full_type_t type;
    const lvb_record_t *record;
} record_class_t;

static record_class_t classes[RECORDS_MAX];
static size_t class_count;
static const mp_obj_type_t blob_type;

MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_record_statics); // a list of the classes' dicts: `classes` is outside the collector's sight

const lvb_record_t *lvb_find_record(const char *name, size_t length) {
    size_t low = 0, high = class_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(name, lvb_records[middle].name, length);
        if (order == 0 && lvb_records[middle].name[length] == 0) {
            return &lvb_records[middle];
        }
        if (order <= 0) { // equal so far means that the table's name is longer
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

mp_obj_t lvb_record_class(const lvb_record_t *record) {
    return MP_OBJ_FROM_PTR(&classes[record - lvb_records].type);
}

const lvb_record_t *lvb_record_of(mp_obj_t object) {
    const void *type = mp_obj_get_type(object);
    bool is_record = type >= (void *)classes && type < (void *)(classes + class_count);
    return is_record ? ((const record_class_t *)type)->record : NULL;
}

mp_obj_t lvb_wrap_record(const lvb_record_t *record, void *pointer, mp_obj_t holder) {
    lvb_struct_t *self = m_new_obj(lvb_struct_t);
    self->base.type = MP_OBJ_TO_PTR(lvb_record_class(record));
    self->pointer = pointer;
    self->holder = holder;
    return MP_OBJ_FROM_PTR(self);
}

mp_obj_t lvb_new_record(const lvb_record_t *record) {
    return lvb_wrap_record(record, m_malloc0(record->size + 8), MP_OBJ_NULL);
}

// --- fields ---

static const lvb_field_t *find_field(const lvb_record_t *record, const char *name) {
    for (const lvb_field_t *field = record->fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

static mp_obj_t load_field(lvb_struct_t *self, const lvb_field_t *field) {
    if (field->get != NULL) {
        return mp_obj_new_int_from_ll(field->get(self->pointer));
    }
    lvb_type_t type;
    lvb_parse_type(field->type, &type);
    return lvb_load(&type, (char *)self->pointer + field->offset, MP_OBJ_FROM_PTR(self));
}

static void store_field(lvb_struct_t *self, const lvb_field_t *field, mp_obj_t value) {
    if (field->set != NULL) {
        field->set(self->pointer, mp_obj_get_int(value));
        return;
    }
    lvb_type_t type;
    lvb_parse_type(field->type, &type);
    lvb_store(&type, (char *)self->pointer + field->offset, value, MP_OBJ_NULL);
}

mp_obj_t lvb_record_from_dict(const lvb_record_t *record, mp_obj_t dict) {
    mp_obj_t object = lvb_new_record(record);
    mp_map_t *map = mp_obj_dict_get_map(dict);
    for (size_t i = 0; i < map->alloc; i++) {
        if (mp_map_slot_is_filled(map, i)) {
            const char *name = mp_obj_str_get_str(map->table[i].key);
            const lvb_field_t *field = find_field(record, name);
            if (field == NULL) {
                mp_raise_msg_varg(&mp_type_AttributeError, MP_ERROR_TEXT("%s has no field '%s'"), record->name, name);
            }
            store_field(MP_OBJ_TO_PTR(object), field, map->table[i].value);
        }
    }
    return object;
}

// --- __dereference__: the memory itself; __cast__: the Python object that went through LVGL as user data ---

static mp_obj_t dereference(size_t given, const mp_obj_t *arguments) {
    const lvb_record_t *record = lvb_record_of(arguments[0]);
    size_t length = given > 1 ? (size_t)mp_obj_get_int(arguments[1]) : 0;
    if (length == 0 && record != NULL) {
        length = record->size;
    }
    void *pointer = record ? ((lvb_struct_t *)MP_OBJ_TO_PTR(arguments[0]))->pointer
                           : ((lvb_blob_t *)MP_OBJ_TO_PTR(arguments[0]))->pointer;
    return mp_obj_new_memoryview('B' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, length, pointer);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dereference_obj, 1, 2, dereference);

static mp_obj_t blob_cast(mp_obj_t self) {
    return MP_OBJ_FROM_PTR(((lvb_blob_t *)MP_OBJ_TO_PTR(self))->pointer);
}
static MP_DEFINE_CONST_FUN_OBJ_1(blob_cast_obj, blob_cast);

static const mp_rom_map_elem_t blob_methods[] = {
    {MP_ROM_QSTR(MP_QSTR___dereference__), MP_ROM_PTR(&dereference_obj)},
    {MP_ROM_QSTR(MP_QSTR___cast__), MP_ROM_PTR(&blob_cast_obj)},
};
static MP_DEFINE_CONST_DICT(blob_dict, blob_methods);
static MP_DEFINE_CONST_OBJ_TYPE(blob_type, MP_QSTR_Blob, MP_TYPE_FLAG_NONE, locals_dict, &blob_dict);

mp_obj_t lvb_wrap_pointer(void *pointer) {
    if (pointer == NULL) {
        return mp_const_none;
    }
    lvb_blob_t *self = m_new_obj(lvb_blob_t);
    self->base.type = &blob_type;
    self->pointer = pointer;
    return MP_OBJ_FROM_PTR(self);
}

bool lvb_is_blob(mp_obj_t object) {
    return mp_obj_is_type(object, &blob_type);
}

// --- the classes ---

static mp_obj_t record_make_new(const mp_obj_type_t *type, size_t given, size_t keywords, const mp_obj_t *arguments) {
    mp_arg_check_num(given, keywords, 0, 1, false);
    const lvb_record_t *record = ((const record_class_t *)type)->record;
    if (given == 0 || arguments[0] == mp_const_none) {
        return lvb_new_record(record);
    }
    if (!mp_obj_is_type(arguments[0], &mp_type_dict)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("%s() takes a dict of its fields"), record->name);
    }
    return lvb_record_from_dict(record, arguments[0]);
}

static void record_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "struct %s", lvb_record_of(self)->name);
}

// a method of lv_anim_t is a function named lv_anim_…
static mp_obj_t method_of(const lvb_record_t *record, const char *name) {
    char full[128];
    int stem = (int)strlen(record->name) - 2; // without "_t"
    snprintf(full, sizeof(full), "%.*s_%s", stem, record->name, name);
    return lvb_function_object(full);
}

static void load_attribute(mp_obj_t self, qstr attribute, mp_obj_t *destination) {
    const lvb_record_t *record = lvb_record_of(self);
    const lvb_field_t *field = find_field(record, qstr_str(attribute));
    if (field != NULL) {
        destination[0] = load_field(MP_OBJ_TO_PTR(self), field);
        return;
    }
    mp_obj_t method = attribute == MP_QSTR___dereference__ ? MP_OBJ_FROM_PTR(&dereference_obj)
                                                           : method_of(record, qstr_str(attribute));
    if (method != MP_OBJ_NULL) {
        destination[0] = method;
        destination[1] = self;
    } else {
        destination[1] = MP_OBJ_SENTINEL;
    }
}

static void record_attr(mp_obj_t self, qstr attribute, mp_obj_t *destination) {
    if (destination[0] == MP_OBJ_NULL) {
        load_attribute(self, attribute, destination);
    } else if (destination[1] != MP_OBJ_NULL) {
        const lvb_field_t *field = find_field(lvb_record_of(self), qstr_str(attribute));
        if (field != NULL) {
            store_field(MP_OBJ_TO_PTR(self), field, destination[1]);
            destination[0] = MP_OBJ_NULL; // done
        }
    }
}

// anim_t.path_ease_out and the like are wanted without an instance
static mp_obj_t statics_of(const lvb_record_t *record) {
    char prefix[80];
    int length = snprintf(prefix, sizeof(prefix), "%.*s_path_", (int)strlen(record->name) - 2, record->name);
    int stem = length - (int)strlen("path_");
    mp_obj_t dict = mp_obj_new_dict(0);
    for (size_t i = 0; i < lvb_function_count; i++) {
        const char *name = lvb_functions[i].name;
        if (strncmp(name, prefix, length) == 0 && lvb_functions[i].address != NULL) {
            mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(qstr_from_str(name + stem)), lvb_function_object(name));
        }
    }
    return dict;
}

static void init_class(record_class_t *class, const lvb_record_t *record) {
    class->record = record;
    class->type.base.type = &mp_type_type;
    class->type.name = qstr_from_str(record->name);
    class->type.slots[0] = record_make_new;
    class->type.slots[1] = record_print;
    class->type.slots[2] = record_attr;
    class->type.slot_index_make_new = 1;
    class->type.slot_index_print = 2;
    class->type.slot_index_attr = 3;
}

void lvb_init_records(void) {
    MP_STATE_VM(lvb_record_statics) = mp_obj_new_list(0, NULL);
    for (; class_count < RECORDS_MAX && lvb_records[class_count].name != NULL; class_count++) {
        init_class(&classes[class_count], &lvb_records[class_count]);
    }
    for (size_t i = 0; i < class_count; i++) { // after all classes are known, as signatures name them
        mp_obj_t statics = statics_of(classes[i].record);
        mp_obj_list_append(MP_STATE_VM(lvb_record_statics), statics);
        classes[i].type.slots[3] = MP_OBJ_TO_PTR(statics);
        classes[i].type.slot_index_locals_dict = 4;
    }
}
