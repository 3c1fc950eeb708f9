// lv_obj_t and its classes. Each widget has one Python object at most, which is found again by the widget's address and
// which learns when LVGL deletes the widget: from then on it raises LvReferenceError.
#include <stdio.h>
#include <string.h>
#include "py/objtype.h"
#include "binding.h"

#define WIDGETS_MAX 64
#define CREATE_ARGUMENTS_MAX 4

typedef struct {
    mp_obj_full_type_t type;
    const lvb_widget_t *widget;
    int parent; // index of the class it derives from; -1: none
} widget_class_t;

static widget_class_t classes[WIDGETS_MAX];
static int class_count;

MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_live_objects); // address of the widget -> its Python object
MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_widget_enums); // a list of the classes' dicts: `classes` is outside the collector's sight

MP_DEFINE_EXCEPTION(LvReferenceError, Exception)

// --- which objects live ---

static void forget_deleted(lv_event_t *event) {
    mp_obj_t key = lvb_address_key(lv_event_get_target(event));
    mp_obj_t object = lvb_lookup(MP_STATE_VM(lvb_live_objects), key);
    if (object != MP_OBJ_NULL) {
        lvb_object_t *self = MP_OBJ_TO_PTR(object);
        self->pointer = NULL;
        lvb_release_closures(self);
        mp_obj_dict_delete(MP_STATE_VM(lvb_live_objects), key);
    }
}

static mp_obj_t new_object(const widget_class_t *class, lv_obj_t *pointer) {
    lvb_object_t *self = m_new_obj(lvb_object_t);
    self->base.type = (const mp_obj_type_t *)&class->type;
    self->pointer = pointer;
    self->closures = NULL;
    mp_obj_dict_store(MP_STATE_VM(lvb_live_objects), lvb_address_key(pointer), MP_OBJ_FROM_PTR(self));
    lv_obj_add_event_cb(pointer, forget_deleted, LV_EVENT_DELETE, NULL);
    return MP_OBJ_FROM_PTR(self);
}

static const widget_class_t *class_of(const lv_obj_t *pointer) {
    for (const lv_obj_class_t *class = lv_obj_get_class(pointer); class != NULL; class = class->base_class) {
        for (int i = 0; i < class_count; i++) {
            if (classes[i].widget->class == class) {
                return &classes[i];
            }
        }
    }
    return &classes[0];
}

mp_obj_t lvb_wrap_object(lv_obj_t *pointer) {
    if (pointer == NULL) {
        return mp_const_none;
    }
    mp_obj_t object = lvb_lookup(MP_STATE_VM(lvb_live_objects), lvb_address_key(pointer));
    return object != MP_OBJ_NULL ? object : new_object(class_of(pointer), pointer);
}

bool lvb_is_object(mp_obj_t object) {
    const void *type = mp_obj_get_type(object);
    return type >= (void *)classes && type < (void *)(classes + class_count);
}

lv_obj_t *lvb_object_pointer(mp_obj_t object) {
    lv_obj_t *pointer = ((lvb_object_t *)MP_OBJ_TO_PTR(object))->pointer;
    if (pointer == NULL) {
        mp_raise_msg(&mp_type_LvReferenceError, MP_ERROR_TEXT("Referenced object was deleted!"));
    }
    return pointer;
}

// --- the classes ---

static uintptr_t create_argument(mp_obj_t value) {
    if (value == mp_const_none) {
        return 0;
    }
    return mp_obj_is_str(value) ? (uintptr_t)mp_obj_str_get_str(value) : (uintptr_t)mp_obj_get_int(value);
}

static mp_obj_t widget_make_new(const mp_obj_type_t *type, size_t given, size_t keywords, const mp_obj_t *arguments) {
    mp_arg_check_num(given, keywords, 0, CREATE_ARGUMENTS_MAX, false);
    const widget_class_t *class = (const widget_class_t *)type;
    uintptr_t values[CREATE_ARGUMENTS_MAX] = {0};
    for (size_t i = 1; i < given; i++) {
        values[i] = create_argument(arguments[i]);
    }
    if (given > 0 && arguments[0] != mp_const_none) {
        if (!lvb_is_object(arguments[0])) {
            mp_raise_msg_varg(&mp_type_SyntaxError, MP_ERROR_TEXT("Can't convert %s to lv_obj_t!"), mp_obj_get_type_str(arguments[0]));
        }
        values[0] = (uintptr_t)lvb_object_pointer(arguments[0]);
    }
    // all creators take the parent first and small numbers or texts after it
    lv_obj_t *(*create)(uintptr_t, uintptr_t, uintptr_t, uintptr_t) = class->widget->create;
    return new_object(class, create(values[0], values[1], values[2], values[3]));
}

static void widget_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "lvgl %s", ((const widget_class_t *)mp_obj_get_type(self))->widget->name);
}

// label.set_text is lv_label_set_text; label.set_x, not being one of the label's, is lv_obj_set_x
static void widget_attr(mp_obj_t self, qstr attribute, mp_obj_t *destination) {
    if (destination[0] != MP_OBJ_NULL) {
        return; // there is nothing to assign to
    }
    const widget_class_t *class = (const widget_class_t *)mp_obj_get_type(self);
    for (int i = class - classes; i >= 0; i = classes[i].parent) {
        char name[128];
        snprintf(name, sizeof(name), "lv_%s_%s", classes[i].widget->name, qstr_str(attribute));
        mp_obj_t function = lvb_function_object(name);
        if (function != MP_OBJ_NULL && lvb_takes_object_first(function)) {
            destination[0] = function;
            destination[1] = self;
            return;
        }
    }
    destination[1] = MP_OBJ_SENTINEL; // go on in the class: its enumerations
}

mp_obj_t lvb_widget_class(const char *name) {
    for (int i = 0; i < class_count; i++) {
        if (strcmp(name, classes[i].widget->name) == 0) {
            return MP_OBJ_FROM_PTR(&classes[i].type);
        }
    }
    return MP_OBJ_NULL;
}

// Enumerations whose name begins with the class's belong to it: OBJ_FLAG is obj.FLAG.
static mp_obj_t enumerations_of(const char *class_name) {
    char prefix[40];
    int length = snprintf(prefix, sizeof(prefix), "%s_", class_name);
    for (char *c = prefix; *c; c++) {
        *c = *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c;
    }
    mp_obj_t dict = mp_obj_new_dict(0);
    const char *last = "";
    for (size_t i = 0; i < lvb_enumerator_count; i++) {
        const char *group = lvb_enumerators[i].group;
        if (strcmp(last, group) != 0 && strncmp(group, prefix, length) == 0) {
            mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(qstr_from_str(group + length)), lvb_enumeration(group));
        }
        last = group;
    }
    return dict;
}

static void init_class(widget_class_t *class, const lvb_widget_t *widget) {
    mp_obj_t enums = enumerations_of(widget->name);
    mp_obj_list_append(MP_STATE_VM(lvb_widget_enums), enums);
    class->widget = widget;
    class->parent = -1;
    class->type.base.type = &mp_type_type;
    class->type.name = qstr_from_str(widget->name);
    class->type.slots[0] = widget_make_new;
    class->type.slots[1] = widget_print;
    class->type.slots[2] = widget_attr;
    class->type.slots[3] = MP_OBJ_TO_PTR(enums);
    class->type.slot_index_make_new = 1;
    class->type.slot_index_print = 2;
    class->type.slot_index_attr = 3;
    class->type.slot_index_locals_dict = 4;
}

static void link_parent(widget_class_t *class) {
    for (const lv_obj_class_t *base = class->widget->class->base_class; base != NULL; base = base->base_class) {
        for (int i = 0; i < class_count; i++) {
            if (classes[i].widget->class == base) {
                class->parent = i;
                class->type.slots[4] = &classes[i].type;
                class->type.slot_index_parent = 5;
                return;
            }
        }
    }
}

void lvb_init_widgets(void) {
    MP_STATE_VM(lvb_live_objects) = mp_obj_new_dict(0);
    MP_STATE_VM(lvb_widget_enums) = mp_obj_new_list(0, NULL);
    for (; class_count < WIDGETS_MAX && lvb_widgets[class_count].name != NULL; class_count++) {
        init_class(&classes[class_count], &lvb_widgets[class_count]);
    }
    for (int i = 0; i < class_count; i++) {
        link_parent(&classes[i]);
    }
}
