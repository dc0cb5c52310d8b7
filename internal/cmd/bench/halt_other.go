//go:build !linux

package main

// haltable is a terraform as it is: only on Linux does tfexec give it a process group of its own.
func haltable(_, terraform string) (string, error) { return terraform, nil }

func (w *workspace) halt() (group int, err error) { return 0, nil }

func resume(int) error { return nil }
