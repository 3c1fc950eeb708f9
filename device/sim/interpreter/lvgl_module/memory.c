// LVGL's memory inside MicroPython's heap: one limit covers both, and the collector finds what LVGL points to.
#include "py/gc.h"
#include "py/runtime.h"
#include "tables.h"

MP_REGISTER_ROOT_POINTER(void *lvb_state);

void *lvb_lvgl_state(void) {
    if (MP_STATE_VM(lvb_state) == NULL) {
        MP_STATE_VM(lvb_state) = m_malloc0(sizeof(lv_global_t));
    }
    return MP_STATE_VM(lvb_state);
}

// An exception is about to leave LVGL. Its timer handler would take itself for still running and never run again.
static void unlock_timers(void) {
    LV_GLOBAL_DEFAULT()->timer_state.already_running = false;
}

_Noreturn void lvb_assertion_failed(const char *file, int line) {
    unlock_timers();
    const char *name = strrchr(file, '/');
    mp_raise_msg_varg(&mp_type_AssertionError, MP_ERROR_TEXT("LVGL: assertion failed in %s, line %d"), name ? name + 1 : file, line);
}

static void *checked(void *pointer, size_t bytes) {
    if (pointer == NULL && bytes != 0) {
        unlock_timers();
        m_malloc_fail(bytes);
    }
    return pointer;
}

void *lv_malloc_core(size_t bytes) {
    return checked(m_malloc_maybe(bytes), bytes);
}

void *lv_realloc_core(void *pointer, size_t bytes) {
    return checked(gc_realloc(pointer, bytes, true), bytes);
}

void lv_free_core(void *pointer) {
    gc_free(pointer);
}

void lv_mem_init(void) {
}

void lv_mem_deinit(void) {
}

lv_mem_pool_t lv_mem_add_pool(void *memory, size_t bytes) {
    (void)memory;
    (void)bytes;
    return NULL;
}

void lv_mem_remove_pool(lv_mem_pool_t pool) {
    (void)pool;
}

void lv_mem_monitor_core(lv_mem_monitor_t *monitor) {
    (void)monitor;
}

lv_result_t lv_mem_test_core(void) {
    return LV_RESULT_OK;
}
