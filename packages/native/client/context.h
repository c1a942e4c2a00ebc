#pragma once
// 16 hexadecimal digits and NUL: the key of the standby processes that can take this process's place. 0 when none can.
int context_key(const char *node, const char *program, char key[17]);

// Somebody entered other namespaces, another root directory or a cgroup to start us. A process that waits in them would
// keep them, and what is mounted there, after all others have gone.
int was_put_here(void);
