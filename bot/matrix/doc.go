// Package matrix is the adapter for Matrix: encrypted rooms, a device that other clients trust, votes and
// reactions as buttons.
//
// All of it needs the build tag goolm, which gives the cryptography in pure Go. Without the tag the
// package is empty, and the program refuses to start Matrix.
package matrix
