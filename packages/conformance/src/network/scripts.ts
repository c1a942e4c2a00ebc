/** Small programs that run inside a sandbox or as another process, by `node -e`: no file of ours need be there. */

/** `serve PROTOCOL ADDRESS PORT`: answers everybody with the address it sees him under. */
export const serveScript = `
const [protocol, host, port] = process.argv.slice(1);
const ready = () => process.stdout.write('ready\\n');
if (protocol === 'udp') {
  const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (_, peer) => socket.send(peer.address, peer.port, peer.address));
  socket.bind({ address: host, port: Number(port) }, ready);
} else {
  require('node:net').createServer((peer) => { peer.on('error', () => {}); peer.end(peer.remoteAddress); })
    .listen({ host, port: Number(port) }, ready);
}
process.stdin.resume().on('end', () => process.exit(0));
`;

/** \`ask PROTOCOL ADDRESS PORT MILLISECONDS\`: prints the answer; exit 1 without one. */
export const askScript = `
const [protocol, host, port, wait] = process.argv.slice(1);
const end = (answer) => { if (answer) process.stdout.write(answer); process.exit(answer ? 0 : 1); };
setTimeout(end, Number(wait));
if (protocol === 'udp') {
  const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) => end(String(message))).on('error', () => end());
  socket.connect(Number(port), host, () => socket.send('?'));
} else {
  let text = '';
  require('node:net').connect({ host, port: Number(port) })
    .on('data', (chunk) => { text += chunk; }).on('end', () => end(text)).on('error', () => end());
}
`;

/** Run driver methods in a process of its own: \`CONFIG\` says modules, root and calls; prints the results. */
export const elsewhereScript = `
const { driver: driverModule, host: hostModule, root, calls } = JSON.parse(process.argv[1]);
const [{ default: definition }, { createHost }] = await Promise.all([import(driverModule), import(hostModule)]);
const host = createHost();
const { value: options } = await definition.options['~standard'].validate({});
const signal = new AbortController().signal;
const driver = await definition.create({ root, runDirectory: root, options, host, log: host.log, signal });
for (const { method, argument } of calls) {
  const line = await driver[method](argument).then(
    (value) => ({ value: value ?? null }), (error) => ({ error: error.code ?? String(error) }));
  process.stdout.write(JSON.stringify(line) + '\\n');
}
process.exit(0);
`;
