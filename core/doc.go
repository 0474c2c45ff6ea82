// Package core is the command core: messages in, replies out. It knows no chat platform, no HTTP and no
// database; adapters, the two clients and a store are handed to it.
package core
