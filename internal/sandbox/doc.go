// Package sandbox is a local stand-in for signalling control planes, all on one loopback port.
//
// It is written from the services' API documents and shares no code with any client of them: it verifies
// signatures, enforces every documented constraint with the service's own error codes and shapes, keeps
// state, writes down every request in a journal and injects faults. Where a document leaves something open,
// a scenario option says which way it turns out.
//
// # One request
//
// Every service goes through the same stages: read, journal, authenticate, faults before, validate and act,
// faults after, answer. The journal entry is complete before the first byte of the answer leaves, so whoever
// holds an answer finds it in the journal.
//
// # Administration
//
// Everything a test does in process can be done over HTTP, in JSON, under /_sandbox/. Member names are those
// of the Go types; durations are strings such as "250ms". These requests are not in the journal.
// GET /_sandbox/ lists all routes, those of the services included:
//
//	GET    /_sandbox/journal              all entries, oldest first
//	DELETE /_sandbox/journal              forget all entries
//	GET    /_sandbox/faults               injected faults
//	POST   /_sandbox/faults               inject one Fault
//	DELETE /_sandbox/faults               clear all faults
//	POST   /_sandbox/reset                forget journal, faults, issued keys and the state of every service
//	GET    /_sandbox/ssm/executions       all executions
//	POST   /_sandbox/ssm/executions       start an Automation; answers {"ID": ...}
//	GET    /_sandbox/ssm/executions/{id}  one execution with the signals it received
//
// # Adding a service
//
// A service is one file with a type that implements the service interface, and one line in New. AWS JSON
// services embed *awsJSON, which leaves only the operations, the admin routes and reset to write.
package sandbox
