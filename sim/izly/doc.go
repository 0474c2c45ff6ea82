// Package izly is a pretend Izly for the demo, `bot sim` and tests: the SOAP service, the REST service, the
// activation link, and an outbox in place of the SMS. It keeps wallets whose money moves, checks what the
// real servers check and refuses what they refuse, as far as it is known; where nobody knows, it follows
// the suggestion of the protocol document and says so (G, for guess).
//
// It refuses to know the client: it imports nothing of core/izly, so that a misreading of the protocol has
// to be made twice, by two people, to go unseen. Sources are cited as "izly-today §5.1" and
// "seed-izly III.b".
package izly
