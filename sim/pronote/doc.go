// Package pronote is a pretend PRONOTE server: a school that does not exist, served over the protocol that the
// real ones speak, in every dialect from 2022 to 2026.2. It checks what the real server checks (order numbers, keys,
// padding, session, names of the dialect, tabs, children of the account, identifiers of another session) and refuses
// what it refuses, so that a client that works here has obeyed the protocol. What a client did wrong is also said in
// words by [Server.Violations].
//
// It was written from the protocol documents alone ("seed-pronote", "pronote-today") and imports no client: a simulator
// that shares the client's codec would repeat its mistakes.
//
// The data is a pure function of the date, so that it is lively on any day of the year and the same for everyone on that
// day; [Server.Truth] gives it in plain form for comparison with what a client shows.
package pronote
