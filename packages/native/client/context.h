#pragma once
// 16 hexadecimal digits and NUL: the key of the standby processes that can take this process's place. 0 when none can.
int context_key(const char *node, const char *program, char key[17]);
