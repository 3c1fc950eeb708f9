// What the parts of the `lvgl` module know of each other.
//
//   memory.c     LVGL's memory inside MicroPython's heap; failed assertions
//   types.c      C's types, as the tables spell them
//   values.c     one C value <-> one Python object: used for arguments, results, fields and callbacks alike
//   calls.c      LVGL's functions as Python functions
//   callbacks.c  Python functions as C callbacks, guarded
//   widgets.c    lv_obj_t and its classes; knows which objects LVGL has deleted
//   records.c    LVGL's structs, and bare pointers ("Blob")
//   module.c     `import lvgl`: looks names up in the tables
#pragma once
#include <ffi.h>
#include "py/obj.h"
#include "py/runtime.h"
#include "tables.h"

// One C type. `kind` is the first letter of its spelling (see types.c).
typedef struct {
    char kind;
    char element; // of 'P': the type of the numbers pointed to
    const lvb_record_t *record; // of 'S' and 'V'
    const char *spelling; // of 'F': the callback's types follow the colon, separated by commas
} lvb_type_t;

// A Python object that stands for a widget. `pointer` is NULL once LVGL has deleted it.
typedef struct {
    mp_obj_base_t base;
    lv_obj_t *pointer;
    struct lvb_closure *closures; // callbacks that end with the widget
} lvb_object_t;

// A Python object that stands for a struct. `holder` keeps the memory alive that `pointer` points into.
typedef struct {
    mp_obj_base_t base;
    void *pointer;
    mp_obj_t holder;
} lvb_struct_t;

// A pointer of which nothing more is known.
typedef struct {
    mp_obj_base_t base;
    void *pointer;
} lvb_blob_t;

// --- types.c ---
const char *lvb_parse_type(const char *spelling, lvb_type_t *type); // returns the end of this type's spelling
size_t lvb_type_size(const lvb_type_t *type);
ffi_type *lvb_ffi_type(const lvb_type_t *type);

// --- values.c ---
mp_obj_t lvb_load(const lvb_type_t *type, void *at, mp_obj_t holder); // holder: of the memory, or MP_OBJ_NULL to copy
void lvb_store(const lvb_type_t *type, void *at, mp_obj_t value, mp_obj_t owner); // owner: of callbacks, or MP_OBJ_NULL

// --- calls.c ---
const lvb_function_t *lvb_find_function(const char *name);
mp_obj_t lvb_function_object(const char *name); // MP_OBJ_NULL if there is none
const lvb_function_t *lvb_is_function(mp_obj_t object); // NULL if the object is none of LVGL's functions
bool lvb_takes_object_first(mp_obj_t function);

// --- callbacks.c ---
void *lvb_callback(const lvb_type_t *type, mp_obj_t callable, mp_obj_t owner);
void lvb_release_closures(lvb_object_t *owner);
MP_DECLARE_CONST_FUN_OBJ_1(lvb_set_exception_hook_obj);

// --- widgets.c ---
void lvb_init_widgets(void);
mp_obj_t lvb_widget_class(const char *name);
bool lvb_is_object(mp_obj_t object);
mp_obj_t lvb_wrap_object(lv_obj_t *pointer);
lv_obj_t *lvb_object_pointer(mp_obj_t object); // raises LvReferenceError for a deleted one
extern const mp_obj_type_t mp_type_LvReferenceError;

// --- records.c ---
void lvb_init_records(void);
const lvb_record_t *lvb_find_record(const char *name, size_t length);
mp_obj_t lvb_record_class(const lvb_record_t *record);
const lvb_record_t *lvb_record_of(mp_obj_t object); // NULL if it is no struct
mp_obj_t lvb_new_record(const lvb_record_t *record); // zeroed
mp_obj_t lvb_wrap_record(const lvb_record_t *record, void *pointer, mp_obj_t holder);
mp_obj_t lvb_record_from_dict(const lvb_record_t *record, mp_obj_t dict);
mp_obj_t lvb_wrap_pointer(void *pointer); // a Blob; None for NULL
bool lvb_is_blob(mp_obj_t object);

// --- module.c ---
mp_obj_t lvb_enumeration(const char *group); // a class with the enumerators; MP_OBJ_NULL if there is no such group
mp_obj_t lvb_lookup(mp_obj_t dict, mp_obj_t key); // MP_OBJ_NULL if it is not in
mp_obj_t lvb_address_key(const void *address); // pointers as keys that the garbage collector does not follow
