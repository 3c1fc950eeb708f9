"""The commented config.toml that the first start writes. Every key of settings.py is in it, with its default."""

TEMPLATE = """\
# Barnacle's settings. Each line shows a default; remove the # in front to change it. No secrets belong here.

[box]
# id = ""                  # device id; "" uses the one made at first start
# assistant = "Barnacle"   # the assistant's name: reply prefix, and trigger word of new groups (see slots)
# kind = "simulator"       # "simulator", "desktop" (no screen, nothing to compile) or "board" (a real one on the desk)
# database = ""            # SQLite file of the desktop host; "" for its own; may be NanoClaw's store/messages.db
# heap_bytes = 2097152     # memory of the simulated box
# slots = 2                # runs at a time, 1 to 8; told when changed here, else what the box was set to stays

[mqtt]
# host = "127.0.0.1"       # where the broker is
# port = 21883
# external = false         # true: use a broker of your own, start none
# broker_kind = "auto"     # which one to start: "auto", "mosquitto" or "amqtt"
# bind = "127.0.0.1"       # address it listens on; a real box needs one it can reach, such as "0.0.0.0"
# user = ""                # user at your own broker; password: barnacle secret set mqtt-password
# tls_ca = ""              # CA certificate (PEM) of your own broker, when it speaks TLS

[time]
# zone = ""                # such as "Europe/Berlin"; "" uses this machine's

[logs]
# max_bytes = 1048576      # a log is rotated at this size
# keep = 3                 # rotated files kept

[screen]
# on = true                # show something on the round screen

[dashboard]
# theme = ""               # "" is Barnacle's dark theme; also "barnacle-light", "barnacle-colour-blind", "nord" …
# density = "comfortable"  # or "compact": no frames
# notify = "bell"          # how a question is announced while you look elsewhere: "off", "bell" or "desktop"
# keys = {}                # such as { "schedules.run" = "x" }; the names are in the dashboard's help (?)

[credentials]
# backend = "keyring"      # or "file": encrypted with a passphrase, without a keyring; barnacle secret backend file

# Language models: `barnacle models add anthropic` writes a section here (also: openai, openrouter, ollama, llamacpp,
# lmstudio); docs/models.md explains every key. Keys go into the keyring: barnacle secret set anthropic-api-key
#
# [models.claude]
# api = "anthropic"        # or "openai": any compatible server
# url = "https://api.anthropic.com"
# model = "claude-sonnet-5"
# thinking = "disabled"
# credential = "anthropic-api-key"
#
# [inference]
# default = ["claude"]     # who is asked, first choice first; by default every model in this file's order
# [inference.groups]
# family = ["claude"]      # groups that ask somebody else
"""
