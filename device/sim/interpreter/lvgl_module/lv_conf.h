// LVGL's configuration in the simulator. Everything not named here takes the default of lv_conf_internal.h.
#ifndef LV_CONF_H
#define LV_CONF_H

// The panel: 360x360, RGB565. DPI and alignments are what makes the pixels equal to those of LVGL's own MicroPython binding.
#define LV_COLOR_DEPTH 16
#define LV_DPI_DEF 130
#define LV_DEF_REFR_PERIOD 33
#define LV_DRAW_BUF_STRIDE_ALIGN 1
#define LV_DRAW_BUF_ALIGN 4
#define LV_USE_OS LV_OS_NONE

// LVGL's memory lives in MicroPython's heap (memory.c), so that the heap limit covers the screen as well.
#define LV_USE_STDLIB_MALLOC LV_STDLIB_CUSTOM
#define LV_USE_STDLIB_STRING LV_STDLIB_BUILTIN
#define LV_USE_STDLIB_SPRINTF LV_STDLIB_BUILTIN
#define LV_ENABLE_GLOBAL_CUSTOM 1
extern void *lvb_lvgl_state(void);
#define LV_GLOBAL_CUSTOM() ((lv_global_t *)lvb_lvgl_state())

// The default handler hangs in a loop; this one raises AssertionError in Python.
extern void lvb_assertion_failed(const char *file, int line);
#define LV_ASSERT_HANDLER lvb_assertion_failed(__FILE__, __LINE__);

#define LV_USE_FLOAT 1
#define LV_USE_PRIVATE_API 1
#define LV_USE_LOG 0
#define LV_USE_SYSMON 0
#define LV_USE_OBSERVER 1
#define LV_USE_LODEPNG 1
#define LV_USE_QRCODE 1
#define LV_USE_BARCODE 1
#define LV_USE_GIF 1
#define LV_USE_SNAPSHOT 1
#define LV_IMAGE_HEADER_CACHE_DEF_CNT 32
#define LV_BUILD_EXAMPLES 0
#define LV_BUILD_DEMOS 0

#define LV_FONT_MONTSERRAT_14 1
#define LV_FONT_MONTSERRAT_16 1
#define LV_FONT_MONTSERRAT_20 1
#define LV_FONT_MONTSERRAT_24 1
#define LV_FONT_MONTSERRAT_28 1
#define LV_FONT_MONTSERRAT_32 1
#define LV_FONT_MONTSERRAT_40 1

// Integer constants become enumerators, where the header parser finds them.
#define LV_EXPORT_CONST_INT(int_value) enum { ENUM_##int_value = int_value }

#endif
