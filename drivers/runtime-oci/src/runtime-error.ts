/** What runc and crun say, as errors people and programs can read. */
import { StrataError } from '@strata/core';

const notFound = (message: string) =>
  new StrataError('not-found', 'COMMAND_NOT_FOUND', message, {
    hint: 'Give the path of a program that is in the image',
    exitCode: 127,
  });
const notExecutable = (message: string) =>
  new StrataError('permission-denied', 'COMMAND_NOT_EXECUTABLE', message, {
    hint: 'The program must be a file with the executable bit set',
    exitCode: 126,
  });

/** docker(1): 127 when the command is not found, 126 when it cannot be invoked, 125 for everything else. */
export function runtimeFailure(output: string): StrataError {
  const message = runtimeMessage(output);
  const exec = /exec: .*$/s.exec(message)?.[0] ?? message;
  const [, missing] = /executable file `(.*)` not found in \$PATH/s.exec(message) ?? [];
  if (missing !== undefined) {
    const why = missing.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
    return notFound(`exec: "${missing}": ${why}`);
  }
  if (/executable file not found|no such file or directory/.test(exec) && exec !== message)
    return notFound(exec);
  if (/executable file .* not found|executable file not found/i.test(message)) return notFound(message);
  // Of crun, which does not say which; EPERM stands for what is not a regular file.
  if (/^open executable: (?:Operation not permitted|Permission denied)/.test(message))
    return notExecutable('exec: permission denied');
  if (exec !== message && /permission denied|is a directory|exec format error/.test(exec))
    return notExecutable(exec);
  const [, setting] = /open \/proc\/sys\/(\S+): no such file or directory/i.exec(message) ?? [];
  if (setting !== undefined) return unknownSysctl(setting.replaceAll('/', '.'));
  return new StrataError('internal', 'RUNTIME_FAILED', `The runtime refused: ${message}`, {
    hint: '`strata info` names the runtime, whose words these are; --runtime chooses another one',
    exitCode: 125,
  });
}

function unknownSysctl(name: string): StrataError {
  const message = `The kernel has no setting ${name} in the namespaces of the container`;
  return new StrataError('invalid-argument', 'SYSCTL_UNKNOWN', message, {
    hint: '`sysctl -a` in a container lists what it has',
    exitCode: 125,
  });
}

/** The sentence inside logrus or JSON log lines; the last error when there are several. */
export function runtimeMessage(output: string): string {
  const messages = output
    .split('\n')
    .map(messageOfLine)
    .filter((line) => line !== '');
  return messages.at(-1) ?? 'it gave no reason';
}

function messageOfLine(line: string): string {
  const quoted = /(?:^|\s)msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  const json = line.startsWith('{') ? line : undefined;
  try {
    if (quoted !== undefined) return JSON.parse(quoted) as string;
    if (json !== undefined) return String((JSON.parse(json) as { msg?: unknown }).msg ?? line);
  } catch {
    // Go's quoting knows escapes that JSON does not; show the line as it is.
  }
  return line.replace(/^\d{4}-\d\d-\d\dT\S+:\s*/, '').trim();
}
