# Makes the `lvgl` module a part of MicroPython. device/sim/build.py passes LVGL_DIR (LVGL's source) and LVGL_ARCHIVE (LVGL and
# the tables, compiled). The archive is linked whole: the tables refer weakly to what a configuration may leave out.
LVGL_MODULE_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(addprefix $(LVGL_MODULE_DIR)/, module.c widgets.c records.c callbacks.c calls.c values.c types.c memory.c)
CFLAGS_USERMOD += -isystem $(LVGL_DIR) -I$(LVGL_MODULE_DIR) -DLV_CONF_INCLUDE_SIMPLE
LDFLAGS_USERMOD += -Wl,--whole-archive $(LVGL_ARCHIVE) -Wl,--no-whole-archive -lffi
