// Python functions as C callbacks. Every one is guarded: an exception must never pass through LVGL's C code, which would
// leave its locks taken and its timers stopped for good. It is handed to a hook instead: lvgl.set_exception_hook(function).
#include <stdlib.h>
#include <string.h>
#include "py/mpprint.h"
#include "py/objexcept.h"
#include "binding.h"

typedef struct lvb_closure {
    ffi_cif cif;
    ffi_type *ffi_types[LVB_CALLBACK_ARGUMENTS_MAX + 1]; // [0] is the result
    lvb_type_t types[LVB_CALLBACK_ARGUMENTS_MAX + 1];
    size_t count;
    const char *spelling;
    mp_int_t id; // key of the Python function in lvb_callables: this struct is outside the collector's sight
    ffi_closure *code;
    void *entry; // what C calls
    struct lvb_closure *next;
} closure_t;

MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_callables);
MP_REGISTER_ROOT_POINTER(mp_obj_t lvb_exception_hook);

static closure_t *shared_closures; // of timers, animations, displays: they belong to no widget and are kept
static closure_t *released_closures; // to be freed as soon as no callback is running
static int callback_depth;
static mp_int_t last_id;

// --- exceptions ---

static void print_exception(mp_obj_t exception) {
    mp_obj_print_exception(&mp_stderr_print, exception);
}

static void report_exception(mp_obj_t exception) {
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_Exception))) {
        mp_sched_exception(exception); // SystemExit, KeyboardInterrupt: raised as soon as LVGL has returned
        return;
    }
    mp_obj_t hook = MP_STATE_VM(lvb_exception_hook);
    if (hook == MP_OBJ_NULL || hook == mp_const_none) {
        print_exception(exception);
        return;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_1(hook, exception);
        nlr_pop();
    } else {
        print_exception(exception);
        print_exception(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

static mp_obj_t set_exception_hook(mp_obj_t hook) {
    MP_STATE_VM(lvb_exception_hook) = hook;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(lvb_set_exception_hook_obj, set_exception_hook);

// --- the way from C into Python ---

static void call_python(closure_t *closure, void *result, void **arguments) {
    mp_obj_t callable = lvb_lookup(MP_STATE_VM(lvb_callables), MP_OBJ_NEW_SMALL_INT(closure->id));
    if (callable == MP_OBJ_NULL) {
        return;
    }
    mp_obj_t values[LVB_CALLBACK_ARGUMENTS_MAX];
    for (size_t i = 0; i < closure->count; i++) {
        values[i] = lvb_load(&closure->types[i + 1], arguments[i], MP_OBJ_NULL);
    }
    mp_obj_t value = mp_call_function_n_kw(callable, closure->count, 0, values);
    if (value != mp_const_none) {
        lvb_store(&closure->types[0], result, value, MP_OBJ_NULL);
    }
}

// libffi wants small integer results widened to a whole register
static void widen(const lvb_type_t *type, void *result) {
    switch (type->kind) {
        case 'b':
            *(ffi_sarg *)result = *(int8_t *)result;
            break;
        case 'h':
            *(ffi_sarg *)result = *(int16_t *)result;
            break;
        case 'i':
            *(ffi_sarg *)result = *(int32_t *)result;
            break;
        default:
            break;
    }
}

static void run_callback(ffi_cif *cif, void *result, void **arguments, void *data) {
    (void)cif;
    closure_t *closure = data;
    uint64_t value[LVB_VALUE_BYTES_MAX / sizeof(uint64_t)] = {0}; // what LVGL gets if the callback fails
    callback_depth++;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        call_python(closure, value, arguments);
        nlr_pop();
    } else {
        report_exception(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    callback_depth--;
    if (closure->types[0].kind != 'v') {
        widen(&closure->types[0], value);
        size_t size = lvb_type_size(&closure->types[0]);
        memcpy(result, value, size < sizeof(ffi_arg) ? sizeof(ffi_arg) : size);
    }
}

// --- closures ---

static void free_released(void) {
    while (callback_depth == 0 && released_closures != NULL) {
        closure_t *closure = released_closures;
        released_closures = closure->next;
        ffi_closure_free(closure->code);
        free(closure);
    }
}

static mp_obj_t callable_of(const closure_t *closure) {
    return lvb_lookup(MP_STATE_VM(lvb_callables), MP_OBJ_NEW_SMALL_INT(closure->id));
}

static closure_t *find_closure(closure_t *closure, const char *spelling, mp_obj_t callable) {
    size_t length = strcspn(spelling, " ");
    for (; closure != NULL; closure = closure->next) {
        bool same_types = strcspn(closure->spelling, " ") == length && memcmp(closure->spelling, spelling, length) == 0;
        if (same_types && mp_obj_equal(callable_of(closure), callable)) {
            return closure;
        }
    }
    return NULL;
}

static closure_t *new_closure(const lvb_type_t *type, mp_obj_t callable) {
    closure_t *closure = calloc(1, sizeof(closure_t));
    ffi_closure *code = ffi_closure_alloc(sizeof(ffi_closure), &closure->entry);
    closure->code = code;
    closure->spelling = type->spelling;
    closure->id = ++last_id;
    size_t count = 0;
    for (const char *end = type->spelling + 1; *end == ':' || *end == ','; count++) {
        end = lvb_parse_type(end + 1, &closure->types[count]);
        closure->ffi_types[count] = lvb_ffi_type(&closure->types[count]);
    }
    closure->count = count - 1;
    ffi_prep_cif(&closure->cif, FFI_DEFAULT_ABI, closure->count, closure->ffi_types[0], closure->ffi_types + 1);
    ffi_prep_closure_loc(code, &closure->cif, run_callback, closure, closure->entry);
    mp_obj_dict_store(MP_STATE_VM(lvb_callables), MP_OBJ_NEW_SMALL_INT(closure->id), callable);
    return closure;
}

// The C function to hand to LVGL for `callable`. The same callable gives the same C function again, so that a callback can
// be removed, and so that functions and methods given to timers and animations over and over do not pile up. (A fresh
// lambda every time is a new callable every time: those of widgets end with the widget, others are kept for ever.)
void *lvb_callback(const lvb_type_t *type, mp_obj_t callable, mp_obj_t owner) {
    if (callable == mp_const_none) {
        return NULL;
    }
    const lvb_function_t *function = lvb_is_function(callable);
    if (function != NULL) {
        return function->address;
    }
    if (!mp_obj_is_callable(callable)) {
        mp_raise_TypeError(MP_ERROR_TEXT("callback must be callable"));
    }
    if (MP_STATE_VM(lvb_callables) == MP_OBJ_NULL) {
        MP_STATE_VM(lvb_callables) = mp_obj_new_dict(0);
    }
    free_released();
    closure_t **list = owner == MP_OBJ_NULL ? &shared_closures : &((lvb_object_t *)MP_OBJ_TO_PTR(owner))->closures;
    closure_t *closure = find_closure(*list, type->spelling, callable);
    if (closure == NULL) {
        closure = new_closure(type, callable);
        closure->next = *list;
        *list = closure;
    }
    return closure->entry;
}

void lvb_release_closures(lvb_object_t *owner) {
    while (owner->closures != NULL) {
        closure_t *closure = owner->closures;
        owner->closures = closure->next;
        mp_obj_dict_delete(MP_STATE_VM(lvb_callables), MP_OBJ_NEW_SMALL_INT(closure->id));
        closure->next = released_closures; // it may be the very callback that is running: freed later
        released_closures = closure;
    }
}
