// Package izly is a client for Izly, the wallet of French students: enrolment by SMS, balance, statement,
// bank cards and top-ups over the SOAP service that the Izly application speaks.
//
// A [Client] holds the addresses and enrols; a [Wallet] is one enrolled account and makes its calls one
// after the other. What must survive a restart is an [Account], handed to the caller's [Keep]. The counter
// of the one-time passwords is stored as used before a password leaves the process, and nothing is sent
// twice: not a renewal, not a confirmation whose answer was lost.
//
// The package knows nothing of chats, storage or sentences. Facts about the protocol cite the project's
// protocol documents: "seed-izly" is the document published in 2018 by IzlyOpenSource, "izly-today" what
// is known since. docs/izly-protocol.md sums both up.
package izly
