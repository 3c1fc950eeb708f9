"""200 sentences as people in a household or home lab would type them, and what must come of each.

It is Sunday 22 November 2026, 20:00 in Berlin, in the group `main`. What must come of a sentence:
    add PROMPT, SCHEDULE   a new task
    pause|resume|run|remove ID   a change; also   edit ID: KIND VALUE   or   edit ID: PROMPT
    say TEXT               an answer that contains TEXT; like all below it changes nothing
    ask TEXT               a question back, where something is missing or has two meanings: the right thing to do
    cannot TEXT            a refusal that says what to do instead: it would be nicer if it could
    model                  the answer that no language model is configured
"""

SENTENCES = """
water the plants every day at 7pm | add water the plants, every day at 19:00
remind me to call bob tomorrow at 9 | add call bob, once on Mon 23 Nov 2026 at 09:00
check the door every 15 minutes | add check the door, every 15 minutes
next week monday at 9 call bob | add call bob, once on Mon 23 Nov 2026 at 09:00
every 1st and 15th at 9:00 pay the rent | add pay the rent, on the 1st and 15th of every month at 09:00
remind me at half past eight to go | add go, once on Mon 23 Nov 2026 at 08:30
remind me at quarter to nine to leave for the bus | add leave for the bus, once on Mon 23 Nov 2026 at 08:45
remind me at a quarter past seven to call the plumber | add call the plumber, once on Mon 23 Nov 2026 at 07:15
at twenty to nine take the cake out | add take the cake out, once on Mon 23 Nov 2026 at 08:40
wake me up at 6:45 | add wake up, once on Mon 23 Nov 2026 at 06:45
wake me at six thirty tomorrow | add wake up, once on Mon 23 Nov 2026 at 06:30
set a timer for 10 minutes | add timer, once on Sun 22 Nov 2026 at 20:10
set a timer for 1 hour and 20 minutes | add timer, once on Sun 22 Nov 2026 at 21:20
timer 5 min | add timer, once on Sun 22 Nov 2026 at 20:05
set an alarm for 7am tomorrow | add alarm, once on Mon 23 Nov 2026 at 07:00
set an alarm for weekdays at 6:30 | add alarm, every weekday at 06:30
in half an hour take the bread out | add take the bread out, once on Sun 22 Nov 2026 at 20:30
remind me in 2 hours and 30 minutes to move the laundry | add move the laundry, once on Sun 22 Nov 2026 at 22:30
remind me in an hour and a half to check the oven | add check the oven, once on Sun 22 Nov 2026 at 21:30
remind me in 1.5 hours to check the roast | add check the roast, once on Sun 22 Nov 2026 at 21:30
remind me in 2h30m to stop the sprinkler | add stop the sprinkler, once on Sun 22 Nov 2026 at 22:30
turn the pizza in a quarter of an hour | add turn the pizza, once on Sun 22 Nov 2026 at 20:15
check the dryer in 45 mins | add check the dryer, once on Sun 22 Nov 2026 at 20:45
remind me in 90 seconds to flip the steak | add flip the steak, once on Sun 22 Nov 2026 at 20:01
two weeks from now renew the certificate | add renew the certificate, once on Sun 6 Dec 2026 at 20:00
remind me a week from today at 9:00 to check the backups | add check the backups, once on Sun 29 Nov 2026 at 09:00
in 3 days at 9:00 call the vet | add call the vet, once on Wed 25 Nov 2026 at 09:00
take out the bins tomorrow morning | add take out the bins, once on Mon 23 Nov 2026 at 09:00
remind me tomorrow afternoon to buy milk | add buy milk, once on Mon 23 Nov 2026 at 15:00
remind me tomorrow evening to call mum | add call mum, once on Mon 23 Nov 2026 at 18:00
remind me tonight to lock the shed | add lock the shed, once on Sun 22 Nov 2026 at 21:00
lock the shed tonight at half past ten | add lock the shed, once on Sun 22 Nov 2026 at 22:30
remind me at noon to eat something | add eat something, once on Mon 23 Nov 2026 at 12:00
tonight at midnight restart the router | add restart the router, once on Mon 23 Nov 2026 at 00:00
remind me in the morning to feed the fish | add feed the fish, once on Mon 23 Nov 2026 at 09:00
feed the cat every morning | add feed the cat, every day at 09:00
every evening close the blinds | add close the blinds, every day at 18:00
every night back up the nas | add back up the nas, every day at 21:00
backup the nas nightly at 3 | add backup the nas, every day at 03:00
every day at 8 in the evening take your pills | add take your pills, every day at 20:00
take pills every day at 8:00 and 20:00 | add take pills, every day at 08:00 and 20:00
feed the cat every day at 7am and 6pm | add feed the cat, every day at 07:00 and 18:00
take the pills daily at 8 and 20 | add take the pills, every day at 08:00 and 20:00
feed the fish everyday at 18:30 | add feed the fish, every day at 18:30
evry day at 7 make coffee | add make coffee, every day at 07:00
remind me tommorow at 10 to call the bank | add call the bank, once on Mon 23 Nov 2026 at 10:00
  remind  me   tomorrow  at 9   to  call   bob  | add call bob, once on Mon 23 Nov 2026 at 09:00
Hi Barnacle, could you please remind me to stretch every 30 minutes? | add stretch, every 30 minutes
hey barnacle remind me at 21:30 to take the bins out please | add take the bins out, once on Sun 22 Nov 2026 at 21:30
@Barnacle remind us every friday at 16:00 to write the report | add write the report, every Friday at 16:00
can you call bob to mind at 9? | add call bob to mind, once on Mon 23 Nov 2026 at 09:00
remind me to call the dentist next monday at 9 | add call the dentist, once on Mon 23 Nov 2026 at 09:00
call grandma on sunday at 15:00 | add call grandma, once on Sun 29 Nov 2026 at 15:00
dentist on friday at 8am | add dentist, once on Fri 27 Nov 2026 at 08:00
parents' evening thursday 19:30 | add parents' evening, once on Thu 26 Nov 2026 at 19:30
friday evening movie night | add movie night, once on Fri 27 Nov 2026 at 18:00
visit the landlord on wednesday next week at 17:00 | add visit the landlord, once on Wed 25 Nov 2026 at 17:00
the day after tomorrow at 14:00 pick up the parcel | add pick up the parcel, once on Tue 24 Nov 2026 at 14:00
pick up the parcel the day after tomorrow at 2pm | add pick up the parcel, once on Tue 24 Nov 2026 at 14:00
on weekends at 10 bake bread | add bake bread, every weekend day at 10:00
mon, wed and fri at 7:30 go for a run | add go for a run, every Monday, Wednesday and Friday at 07:30
go for a run on mondays and thursdays at 18:00 | add go for a run, every Monday and Thursday at 18:00
monday to friday at 7:15 make the lunch boxes | add make the lunch boxes, every weekday at 07:15
every mon-fri at 8:45 standup | add standup, every weekday at 08:45
every weekday but friday at 9 feed hens | add feed hens, every Monday, Tuesday, Wednesday and Thursday at 09:00
put the bins out every tuesday evening | add put the bins out, every Tuesday at 18:00
every week on thursday at 20:00 put the paper out | add put the paper out, every Thursday at 20:00
weekly on monday at 9 plan the week | add plan the week, every Monday at 09:00
once a week on saturday at 10:00 clean the fish tank | add clean the fish tank, every Saturday at 10:00
once a day at 22:00 check the locks | add check the locks, every day at 22:00
on the 1st of every month at 10:00 pay the rent | add pay the rent, on the 1st of every month at 10:00
pay the power bill on the 15th of each month at 9am | add pay the power bill, on the 15th of every month at 09:00
monthly on the 3rd at 18:00 read the meter | add read the meter, on the 3rd of every month at 18:00
read the meter on the last day of the month at 18:00 | add read the meter, on the last day of every month at 18:00
on the first monday of every month at 19:00 book club | add book club, on the first Monday of the month at 19:00
test it every last friday of the month at 5pm | add test it, on the last Friday of the month at 17:00
every year on 24 december at 16:00 light the tree | add light the tree, every year on 24 December at 16:00
every 14 february at 9:00 buy flowers | add buy flowers, every year on 14 February at 09:00
on the 31st of every month at 9 close the books | add close the books, on the 31st of every month at 09:00
on 24 December at 18:00 hand out presents | add hand out presents, once on Thu 24 Dec 2026 at 18:00
December 24th at 6 pm hand out presents | add hand out presents, once on Thu 24 Dec 2026 at 18:00
hand out presents on 24/12/2026 at 18:00 | add hand out presents, once on Thu 24 Dec 2026 at 18:00
hand out presents on 12/24/2026 at 6pm | add hand out presents, once on Thu 24 Dec 2026 at 18:00
24.12.2026 18:00 hand out presents | add hand out presents, once on Thu 24 Dec 2026 at 18:00
2026-12-24 18:00 hand out presents | add hand out presents, once on Thu 24 Dec 2026 at 18:00
on the 5th at 10 call the tax office | add call the tax office, once on Sat 5 Dec 2026 at 10:00
remind me on the third of may at 9:00 to renew the passport | add renew the passport, once on Mon 3 May 2027 at 09:00
every other day water the orchids | add water the orchids, every 2 days
every other week change the sheets | add change the sheets, every 2 weeks
descale the kettle every 3 weeks | add descale the kettle, every 3 weeks
every half hour look outside | add look outside, every 30 minutes
every hour and a half stand up | add stand up, every 90 minutes
stand up every hour | add stand up, every hour
hourly check the temperature | add check the temperature, every hour
check the ups every 3rd day | add check the ups, every 3 days
remind me at 5 to feed the cat | add feed the cat, once on Mon 23 Nov 2026 at 05:00
remind me at 5pm to feed the cat | add feed the cat, once on Mon 23 Nov 2026 at 17:00
feed the cat at 7.30pm | add feed the cat, once on Mon 23 Nov 2026 at 19:30
reboot the switch at 0330 | add reboot the switch, once on Mon 23 Nov 2026 at 03:30
i need to call the bank tomorrow at 10 | add call the bank, once on Mon 23 Nov 2026 at 10:00
don't forget to defrost the chicken tomorrow at 8 | add defrost the chicken, once on Mon 23 Nov 2026 at 08:00
don't let me forget the cake at 21:00 | add the cake, once on Sun 22 Nov 2026 at 21:00
set a reminder for tomorrow at noon to call the school | add call the school, once on Mon 23 Nov 2026 at 12:00
add a task to prune the roses on saturday at 11 | add prune the roses, once on Sat 28 Nov 2026 at 11:00
schedule a backup check for friday at 22:00 | add a backup check, once on Fri 27 Nov 2026 at 22:00
ping me at 22:15 about the game | add the game, once on Sun 22 Nov 2026 at 22:15
tell me to go to bed at 23:00 | add go to bed, once on Sun 22 Nov 2026 at 23:00
remind me to check at 21:00 if the door is shut | add check if the door is shut, once on Sun 22 Nov 2026 at 21:00
run the vacuum every saturday at 11 | add run the vacuum, every Saturday at 11:00
start the dishwasher at 22:00 | add start the dishwasher, once on Sun 22 Nov 2026 at 22:00
what is waiting? | say slots are in use
who is waiting? | say slots are in use
what is running? | say slots are in use
is anything running right now? | say slots are in use
when does the plants reminder run? | say next tomorrow 07:30
when's the dentist? | say next Fri 08:00
what time is the dentist? | say next Fri 08:00
at what time does the garden reminder go off | say next today 21:00
is the backup paused? | say nightly backup (every day at 03:00; paused)
did the door check run? | say last run today 19:45
when was the door last checked? | say last run today 19:45
how often does the door check run? | say every 15 minutes
when will you remind me about the walrus? | say no task about “walrus”
is anything due today? | say 2 tasks today
do i have anything tomorrow? | say tomorrow 07:30: water the plants
what's on tomorrow? | say tomorrow 07:30: water the plants
anything planned for friday? | say Fri 08:00: dentist
what do I have on friday | say Fri 08:00: dentist
what's happening today | say 2 tasks today
what's on this week? | say Next: check the door
what did I miss? | say check the door (done)
did i miss anything? | say check the door (done)
what happened while i was away | say check the door (done)
show tasks of family | say 2 family tasks
list the tasks in family | say 2 family tasks
how many tasks are there? | say 5 tasks, 1 of them paused.
how many reminders do i have? | say 5 tasks, 1 of them paused.
how many groups are there | say 2 groups
which tasks are paused? | say 1 paused task:
show me all my reminders | say 5 tasks:
list completed tasks | say 1 completed task:
what are my tasks | say 5 tasks:
show task k3m9ab | say k3m9ab: water the garden
hello | say Hello. Next: check the door
hi there | say Hello.
good evening, what's next? | say Next: check the door
Good morning Barnacle | say Hello.
thanks | say You're welcome.
thank you very much! | say You're welcome.
good night | say Good night. Next
hey barnacle what time is it | say Sun 22 Nov 2026 at 20:00
barnacle, what's next | say Next: check the door
what's next barnacle? | say Next: check the door
whats next | say Next: check the door
what day is it today? | say Sun 22 Nov 2026
how are you? | say All is well.
what can you do? | say I am the built-in offline assistant
who are you? | say No language model is configured
list groups | say 2 groups
status please | say All is well.
pause the plants reminder | pause task-1-xdd8w2
please stop the plants reminder | pause task-1-xdd8w2
don't remind me about the garden any more | pause task-2-k3m9ab
turn off the garden reminder | pause task-2-k3m9ab
turn on the backup task | resume task-6-backup
resume the backup | resume task-6-backup
run the backup now | run task-6-backup
cancel the dentist | remove task-5-dentis
get rid of the garden reminder | remove task-2-k3m9ab
can you delete the door check, thanks | remove task-3-qqzz11
move the plants reminder to 9:00 | edit task-1-xdd8w2: cron 0 9 * * 1-5
move the plants to half past nine | edit task-1-xdd8w2: cron 30 9 * * 1-5
change the plants reminder to every day at 7 | edit task-1-xdd8w2: cron 0 7 * * *
change the door check to every 30 minutes | edit task-3-qqzz11: interval 1800000
move the dentist to thursday | edit task-5-dentis: once 2026-11-26T07:00:00Z
reschedule the dentist to monday at 14:30 | edit task-5-dentis: once 2026-11-23T13:30:00Z
move the dentist to 10 | edit task-5-dentis: once 2026-11-27T09:00:00Z
postpone the dentist by 2 hours | edit task-5-dentis: once 2026-11-27T09:00:00Z
rename the door check to check the front door | edit task-3-qqzz11: check the front door
pause the family group | group.pause family
remind me to buy milk | ask When?
remind me tomorrow to buy milk | ask At what time?
call mum tomorrow | ask At what time?
remind me at half eight to go | ask two times
on 3/4/2027 at 9 spring cleaning | ask can be two dates
pay the rent every month | ask On which day of the month?
take the pills twice a day | ask At which times?
remind me in a few minutes to look at the oven | ask When exactly?
send the report before 5pm | ask one exact time
delete the water reminder | ask 2 tasks match
remove it | ask No task matches
pause everything | cannot one task at a time
delete all reminders | cannot one task at a time
every other tuesday at 20:00 put the glass out | cannot every other Tuesday
every other day at 9 water the orchids | cannot can't combine
check the temperature every hour between 9 and 17 | cannot can't limit
skip the next plants reminder | cannot can't skip
undo that | cannot can't undo
yes | cannot no thread
pause the plants reminder until monday | cannot at once
snooze the plants reminder for 10 minutes | cannot can't put off
create a group called work | cannot barnacle group add
what's the weather tomorrow? | model
turn on the lights | model
write a shopping list for tonight | model
shall we have dinner at 8? | model
i'll be home at 5 | model
the meeting at 9 was boring | model
what's for dinner tonight? | model
"""
