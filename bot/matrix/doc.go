// Package matrix is the adapter for Matrix: encrypted rooms, a device that other clients trust, votes and
// reactions as buttons.
//
// It needs the build tag goolm, which gives the cryptography in pure Go. Without the tag there is nothing here, and
// the program refuses to start Matrix.
package matrix
