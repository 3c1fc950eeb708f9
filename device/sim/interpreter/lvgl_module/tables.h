// The tables that device/sim/interpreter/tables.py writes from LVGL's headers: everything the module knows about LVGL.
// All are sorted by name (enumerators by group), so that they can be searched by halving.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lvgl.h"
#include "src/lvgl_private.h"

#define LVB_ARGUMENTS_MAX 12
#define LVB_CALLBACK_ARGUMENTS_MAX 6
#define LVB_VALUE_BYTES_MAX 64 // the largest struct that is passed by value

// `signature`: types separated by spaces, the result first; see types.c for their spelling.
// `address` is NULL where the headers declare a function of a feature that lv_conf.h leaves out.
typedef struct {
    const char *name;
    const char *signature;
    void *address;
} lvb_function_t;

typedef struct {
    const char *group;
    const char *name;
    long long value;
} lvb_enumerator_t;

typedef struct {
    const char *name;
    const char *text;
} lvb_symbol_t;

typedef struct {
    const char *name;
    const char *record;
    void *address;
} lvb_variable_t;

// A bit field has no address: it has `get` and `set` instead of an offset.
typedef struct {
    const char *name;
    const char *type;
    size_t offset;
    long long (*get)(const void *record);
    void (*set)(void *record, long long value);
} lvb_field_t;

typedef struct {
    const char *name;
    size_t size;
    const lvb_field_t *fields; // ends with a NULL name
} lvb_record_t;

typedef struct {
    const char *name;
    const lv_obj_class_t *class;
    void *create;
} lvb_widget_t;

extern const lvb_function_t lvb_functions[];
extern const lvb_enumerator_t lvb_enumerators[];
extern const lvb_symbol_t lvb_symbols[];
extern const lvb_variable_t lvb_variables[];
extern const lvb_record_t lvb_records[];
extern const lvb_widget_t lvb_widgets[];
extern const size_t lvb_function_count, lvb_enumerator_count, lvb_symbol_count, lvb_variable_count;
