from device.host import schedule
from device.host.sentences import understand
from device.host.tz import Zone, join

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
NOW = join(2026, 11, 22, 19, 0) * 1000  # Sunday 22 November 2026, 20:00 in Berlin

TASKS = (
    ("remind me every weekday at 8:30 to water the plants", "water the plants", "every weekday at 08:30"),
    ("every 15 minutes check the door", "check the door", "every 15 minutes"),
    ("every fifteen minutes check the door", "check the door", "every 15 minutes"),
    ("every minute blink", "blink", "every minute"),
    ("every hour drink water", "drink water", "every hour"),
    ("every 2 hours stand up", "stand up", "every 2 hours"),
    ("every other hour stand up", "stand up", "every 2 hours"),
    ("hourly look around", "look around", "every hour"),
    ("tomorrow at 17:00 call mum", "call mum", "once on Mon 23 Nov 2026 at 17:00"),
    ("call mum tomorrow", None, "unclear"),
    ("remind me to call mum tomorrow at 17:00", "call mum", "once on Mon 23 Nov 2026 at 17:00"),
    ("remind me tomorrow to call mum at 5pm", "call mum", "once on Mon 23 Nov 2026 at 17:00"),
    ("in 10 minutes turn off the oven", "turn off the oven", "once on Sun 22 Nov 2026 at 20:10"),
    ("in 10min turn off the oven", "turn off the oven", "once on Sun 22 Nov 2026 at 20:10"),
    ("in half an hour check the cake", "check the cake", "once on Sun 22 Nov 2026 at 20:30"),
    ("in an hour go to bed", "go to bed", "once on Sun 22 Nov 2026 at 21:00"),
    ("in 2 hours and 30 minutes go to bed", "go to bed", "once on Sun 22 Nov 2026 at 22:30"),
    ("in three days call the vet", "call the vet", "once on Wed 25 Nov 2026 at 20:00"),
    ("remind me in a week to pay", "pay", "once on Sun 29 Nov 2026 at 20:00"),
    ("on monday at 9 write the report", "write the report", "once on Mon 23 Nov 2026 at 09:00"),
    ("on sunday at 21:00 watch the film", "watch the film", "once on Sun 22 Nov 2026 at 21:00"),
    ("on sunday at 19:00 watch the film", "watch the film", "once on Sun 29 Nov 2026 at 19:00"),
    ("next sunday at 21:00 watch the film", "watch the film", "once on Sun 29 Nov 2026 at 21:00"),
    ("next friday at 8am dentist", "dentist", "once on Fri 27 Nov 2026 at 08:00"),
    ("this friday at 8:15 pm cinema", "cinema", "once on Fri 27 Nov 2026 at 20:15"),
    ("every day at noon eat lunch", "eat lunch", "every day at 12:00"),
    ("every day at midnight sleep", "sleep", "every day at 00:00"),
    ("daily at 7:15 feed the cat", "feed the cat", "every day at 07:15"),
    ("remind us daily at 9 about the standup", "the standup", "every day at 09:00"),
    ("every day feed the cat at 7:15", "feed the cat", "every day at 07:15"),
    ("every morning at 7 wake up", "wake up", "every day at 07:00"),
    ("every evening at 8 brush teeth", "brush teeth", "every day at 20:00"),
    ("every night at 2 back up", "back up", "every day at 02:00"),
    ("every monday and thursday at 18:15 put the bins out", "put the bins out", "every Monday and Thursday at 18:15"),
    ("every mon, wed and fri at 6:00 run", "run", "every Monday, Wednesday and Friday at 06:00"),
    ("on mondays at 9 write the report", "write the report", "every Monday at 09:00"),
    ("on weekdays at 7:00 make coffee", "make coffee", "every weekday at 07:00"),
    ("every weekend at 10:00 bake", "bake", "every weekend day at 10:00"),
    ("on the 1st of every month at 10:00 pay the rent", "pay the rent", "on the 1st of every month at 10:00"),
    ("every month on the 15th at 9:30 send invoices", "send invoices", "on the 15th of every month at 09:30"),
    ("on the last day of every month at 18:00 count", "count", "on the last day of every month at 18:00"),
    ("at 5pm feed the cat", "feed the cat", "once on Mon 23 Nov 2026 at 17:00"),
    ("at 11pm feed the cat", "feed the cat", "once on Sun 22 Nov 2026 at 23:00"),
    ("at 9 o'clock call bob", "call bob", "once on Mon 23 Nov 2026 at 09:00"),
    ("at half past 8 call bob", "call bob", "once on Mon 23 Nov 2026 at 08:30"),
    ("tonight at 9 watch the stars", "watch the stars", "once on Sun 22 Nov 2026 at 21:00"),
    ("today at 22:00 lock the door", "lock the door", "once on Sun 22 Nov 2026 at 22:00"),
    ("tomorrow morning at 8 jog", "jog", "once on Mon 23 Nov 2026 at 08:00"),
    ("tomorrow evening at 8 dance", "dance", "once on Mon 23 Nov 2026 at 20:00"),
    ("the day after tomorrow at noon lunch with eve", "lunch with eve", "once on Tue 24 Nov 2026 at 12:00"),
    ("on 24 December at 18:00 hand out presents", "hand out presents", "once on Thu 24 Dec 2026 at 18:00"),
    ("on December 24th at 18:00 hand out presents", "hand out presents", "once on Thu 24 Dec 2026 at 18:00"),
    ("on the 24th of december at 6 pm presents", "presents", "once on Thu 24 Dec 2026 at 18:00"),
    ("on 1 March at 9:00 sow tomatoes", "sow tomatoes", "once on Mon 1 Mar 2027 at 09:00"),
    ("on 29 February at 9:00 leap", "leap", "once on Tue 29 Feb 2028 at 09:00"),
    ("on 3 May 2028 at 9:00 renew the passport", "renew the passport", "once on Wed 3 May 2028 at 09:00"),
    ("on the 24th at 10 shop", "shop", "once on Tue 24 Nov 2026 at 10:00"),
    ("2026-12-24 18:00 presents", "presents", "once on Thu 24 Dec 2026 at 18:00"),
    ("set a reminder for tomorrow at 9:00 to pay Bob", "pay Bob", "once on Mon 23 Nov 2026 at 09:00"),
    ("run the backup every day at 3:00", "run the backup", "every day at 03:00"),
    ("start the dishwasher at 22:00", "start the dishwasher", "once on Sun 22 Nov 2026 at 22:00"),
    ("@Barnacle, remind me at 9:00 to stretch", "stretch", "once on Mon 23 Nov 2026 at 09:00"),
    ("@barnacle please remind me at 9:00 to stretch", "stretch", "once on Mon 23 Nov 2026 at 09:00"),
    ("Could you please remind me to stretch every 30 minutes, please?", "stretch", "every 30 minutes"),
    ("  REMIND   ME  EVERY DAY AT 8:30   TO Water The Plants ", "Water The Plants", "every day at 08:30"),
    ("could you remind me at 9:00 to call the accountant?", "call the accountant", "once on Mon 23 Nov 2026 at 09:00"),
    ("remind me at 9:00 to say thanks", "say thanks", "once on Mon 23 Nov 2026 at 09:00"),
    ("pls remind me in about 20 minutes to stir", "stir", "once on Sun 22 Nov 2026 at 20:20"),
    ("reminder: call bob tomorrow at 9", "call bob", "once on Mon 23 Nov 2026 at 09:00"),
    ("would you mind reminding me to lock up at 22:00?", "lock up", "once on Sun 22 Nov 2026 at 22:00"),
    ("set an egg timer for 6 minutes", "egg timer", "once on Sun 22 Nov 2026 at 20:06"),
    ("set a 10 minute timer", "timer", "once on Sun 22 Nov 2026 at 20:10"),
    ("at five to ten join the call", "join the call", "once on Mon 23 Nov 2026 at 09:55"),
    ("on the 1st and 15th of every month at 9 pay", "pay", "on the 1st and 15th of every month at 09:00"),
    ("monday next week at 9 call bob", "call bob", "once on Mon 23 Nov 2026 at 09:00"),
    ("remind me at 9:00 to say “hello”, twice", 'say "hello", twice', "once on Mon 23 Nov 2026 at 09:00"),
    ("remind me at 9:00 to check Bob's bike - it’s flat", "check Bob's bike - it's flat", None),
)

QUESTIONS = (
    ("what's next?", "next"),
    ("What’s next", "next"),
    ("what is next", "next"),
    ("@Barnacle what's next?", "next"),
    ("hey, what is coming up?", "next"),
    ("when is the next task", "next"),
    ("what runs today", "day"),
    ("what's planned for tomorrow?", "day"),
    ("what is on tomorrow", "day"),
    ("list tasks", "tasks"),
    ("show my reminders", "tasks"),
    ("which tasks are there?", "tasks"),
    ("tasks", "tasks"),
    ("list groups", "groups"),
    ("show the queue", "queue"),
    ("what is running?", "queue"),
    ("status", "status"),
    ("how are you?", "status"),
    ("help", "help"),
    ("what can you do?", "help"),
    ("@Barnacle", "help"),
    ("what time is it?", "time"),
    ("what did we say?", "recap"),
    ("summarise", "recap"),
    ("could you tell me when the plants reminder runs", "find"),
    ("show status", "status"),
    ("what's going on?", "status"),
    ("next reminder please", "next"),
    ("please recap", "recap"),
)

CHANGES = (
    ("pause the plants reminder", "pause", ["the", "plants", "reminder"]),
    ("stop reminding me about the plants", "pause", ["reminding", "me", "about", "the", "plants"]),
    ("resume the plants reminder", "resume", ["the", "plants", "reminder"]),
    ("Could you remove task xdd8w2, please?", "remove", ["task", "xdd8w2"]),
    ("delete the door check", "remove", ["the", "door", "check"]),
    ("run the door check now", "run", ["the", "door", "check", "now"]),
)

UNCLEAR = (
    "remind me to buy milk",
    "remind me tomorrow to buy milk",
    "remind me at 9:00",
    "today at 8:00 jog",
    "on 31 february at 9:00 leap",
    "on 30 february at 9:00 leap",
    "at 25:00 sleep",
    "at 13pm sleep",
    "at 9:75 sleep",
    "every week water the plants at 9:00",
    "weekly at 9:00 water the plants",
    "every month at 9:00 pay",
    "every 2 hours at 9:00 drink",
    "on 3 may 2020 at 9:00 look back",
    "every 2 weeks on monday at 9 bins",
    "in 2 hours at 9:00 bake",
    "every monday at 9 and friday at 10 sweep",
    "every day at 9 until friday take pills",
    "every 3 months at 9 check the filter",
    "take the pills three times a day",
    "every second monday at 9 bins",
    "remind me yesterday at 9 to go",
    "next weekend clean the garage at 10",
    "remind me next week to call the bank",
    "on friday at midnight lock up",
    "every day at 8:00 and 20:30 take pills",
    "set the plants to 9:00",
)

UNKNOWN = (
    "tell me a joke",
    "write a poem about the sea",
    "who was Ada Lovelace?",
    "what did we do on monday",
    "do you like music at night",
    "the weather is nice",
    "why is the sky blue at 5pm",
    "5",
    "we meet tomorrow at 9",
    "it is 9 o'clock",
    "shall we eat at 8?",
    "tell me a story tonight",
)


def test_sentences_become_tasks() -> None:
    assert len(TASKS) >= 60
    for text, prompt, words in TASKS:
        request = understand(text, NOW, BERLIN, "@Barnacle")
        if prompt is None:
            assert request.verb == words, text
            continue
        assert request.verb == "add", (text, request.verb, request.text)
        assert request.prompt == prompt, (text, request.prompt)
        if words is not None:
            assert schedule.describe(request.kind, request.value, BERLIN) == words, text
        assert schedule.first(request.kind, request.value, NOW, BERLIN) > NOW, text


def test_questions_are_told_apart() -> None:
    for text, verb in QUESTIONS:
        assert understand(text, NOW, BERLIN, "@Barnacle").verb == verb, text


def test_tomorrow_is_a_day_ahead() -> None:
    assert understand("what runs tomorrow", NOW, BERLIN).ahead == 1
    assert understand("what runs today", NOW, BERLIN).ahead == 0


def test_changes_name_their_target() -> None:
    for text, verb, target in CHANGES:
        request = understand(text, NOW, BERLIN)
        assert (request.verb, list(request.target)) == (verb, target), text
    assert understand("pause group family", NOW, BERLIN).group


def test_half_said_times_are_asked_back() -> None:
    for text in UNCLEAR:
        request = understand(text, NOW, BERLIN)
        assert request.verb == "unclear" and request.text, (text, request.verb, request.prompt, request.value)


def test_anything_else_is_unknown() -> None:
    for text in UNKNOWN:
        assert understand(text, NOW, BERLIN).verb == "unknown", text


def test_hostile_texts_do_not_break_it() -> None:
    for text in (
        "",
        " ",
        "???",
        "in",
        "at",
        "every",
        "on the",
        "remind me",
        "every every every",
        "at at at",
        "in " * 500,
        "9" * 3000,
        "remind me to " + "x" * 5000,
        "\u0000",
        "@",
        "on 99999999999999999999-1-1 at 9",
        "in 999999999 days x",
        "every",
        "timer",
        "set a timer for",
        "move",
        "move to",
        "rename to",
        "postpone",
        "remind me at half",
        "half past",
        "at quarter to",
        "every last",
        "on the last day of",
        "every except",
        "every day except",
        "monday to",
        "mon-",
        "1/2/3/4",
        "on 1/",
        "a half",
        "the",
        "at 9 and",
        "when",
        "how many",
        "@ @ @",
    ):
        assert understand(text, NOW, BERLIN, "@Barnacle").verb


def test_a_time_in_the_gap_of_the_clock_is_moved_behind_it() -> None:
    now = join(2026, 3, 28, 12) * 1000
    request = understand("tomorrow at 2:30 look at the clock", now, BERLIN)
    assert schedule.first(request.kind, request.value, now, BERLIN) == join(2026, 3, 29, 1, 30) * 1000


def test_what_was_taken_for_granted_is_said() -> None:
    for text, note in (
        ("take out the bins tomorrow morning", "I took morning as 9:00."),
        ("close the blinds every evening", "I took evening as 18:00."),
        ("remind me tonight to lock the shed", "I took night as 21:00."),
        ("remind me tomorrow afternoon to shop", "I took afternoon as 15:00."),
        ("remind me at 5 to feed the cat", "I took 5 as 05:00; say pm for the afternoon."),
        ("on the 31st of every month at 9 close the books", "Shorter months are left out."),
        ("remind me at 5pm to feed the cat", ""),
        ("remind me tomorrow morning at 8 to jog", ""),
    ):
        assert understand(text, NOW, BERLIN).note == note, text


def test_every_beginning_of_a_sentence_is_safe() -> None:
    for text, _, _ in TASKS:
        words = text.split(" ")
        for end in range(len(words)):
            assert understand(" ".join(words[:end]), NOW, BERLIN, "@Barnacle").verb, text
            assert understand(" ".join(words[end:]), NOW, BERLIN, "@Barnacle").verb, text


def test_the_bare_name_is_taken_off() -> None:
    for text in ("barnacle", "Barnacle?", "@Barnacle"):
        assert understand(text, NOW, BERLIN, "@Barnacle").verb == "help", text
    assert understand("hey barnacle", NOW, BERLIN, "@Barnacle").verb == "hello"
    assert understand("barnacle, what's next", NOW, BERLIN, "@Barnacle").verb == "next"
    assert understand("barnacles are nice", NOW, BERLIN, "@Barnacle").verb == "unknown"


def test_words_in_any_order_are_safe() -> None:
    words = (
        "remind me to in on at by every each other once twice the a half quarter past to 9 9:30 5pm 24 24/12/2026 1st "
        "15th last first monday mon-fri weekdays weekend month year week day hour minutes and of next this tomorrow "
        "tonight morning night noon midnight until for from between not except move change postpone pause remove all "
        "everything group timer set when what is how many tasks run plants ? , @barnacle please thanks undo 1.5 2h30m"
    ).split(" ")
    seed = 7
    for _ in range(1500):
        picked = []
        for _ in range(1 + seed % 9):
            seed = (seed * 1103515245 + 12345) % 2147483648
            picked.append(words[(seed >> 8) % len(words)])
        request = understand(" ".join(picked), NOW, BERLIN, "@Barnacle")
        if request.verb == "add":
            assert request.prompt and schedule.first(request.kind, request.value, NOW, BERLIN) > NOW, picked
