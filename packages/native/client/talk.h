#pragma once
// The exit status of the command, run by a standby process of this key; ends this process by the signal that ended that
// one. -1 when nobody took it: nothing has happened then.
int ask(const char *key, int count, char **words);
