// Package talk is the conversation: it finds out what a message is (the press of a choice, the answer to a
// question, a command), asks whether the person may, runs it in the order of its chat, and sends what it says.
//
// It knows neither what an account contains nor what any command does: commands, actions and interceptors are
// registered with New. What it keeps are the settings of chats, and what stands behind the buttons that are open.
package talk
