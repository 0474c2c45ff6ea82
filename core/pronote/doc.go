// Package pronote is a client for PRONOTE, the school-life server of French schools: it logs in with a
// password, a QR code or a token and reads timetables, grades and homework of each pupil of an account.
//
// What goes over the wire, from the outside in:
//
//	page.go       the HTML page that opens a session, and what its Start(...) call says
//	dialect.go    the names and habits of each generation of servers, as one table
//	envelope.go   numbered requests and their checked answers: payload ↔ body
//	cipher/       the server's cryptography and compression, a package of its own
//	login.go, authenticate.go   the four requests of a login
//	way.go        what differs between the ways to log in, as one table
//	qrcode.go, token.go   logging in as an app, without a password
//	establishment.go, family.go   what a login tells: calendar, hours, pupils, periods, published tabs
//	timetable.go, marks.go, homework.go   one operation each
//
// The protocol is not documented by its maker. docs/pronote-protocol.md says what this client speaks and
// how it is known; comments cite the sections of the two documents it was written from, as
// "pronote-today §2.4" and "seed-pronote, Login step 2".
//
// The package knows nothing of chats or storage, keeps no password or token after a login, and repeats nothing
// that a server refused.
package pronote
