import { describe, expect, it } from 'vitest';
import { forwardChains } from '../src/nft-command.ts';

describe('forwardChains', () => {
  it('finds the chains that see forwarded packets, and their policy', () => {
    const listing = `table ip nat {
\tchain POSTROUTING {
\t\ttype nat hook postrouting priority srcnat; policy accept;
\t}
}
table ip filter {
\tchain DOCKER-USER {
\t}
\tchain FORWARD {
\t\ttype filter hook forward priority filter; policy drop;
\t}
}
table inet firewalld {
\tchain filter_FORWARD {
\t\ttype filter hook forward priority filter + 10; policy accept;
\t}
}
`;
    expect(forwardChains(listing)).toEqual([
      { family: 'ip', table: 'filter', chain: 'FORWARD', drops: true },
      { family: 'inet', table: 'firewalld', chain: 'filter_FORWARD', drops: false },
    ]);
  });
});
