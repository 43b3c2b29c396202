package engine

import "strings"

// Strategy says what becomes of a tag that fails. The zero value is [Throw].
type Strategy string

const (
	Throw   Strategy = "throw"   // rendering ends with the error
	Default Strategy = "default" // the tag's default attribute is printed, or nothing
	Remove  Strategy = "remove"  // nothing is printed
	KeepRaw Strategy = "keepraw" // the tag's source is printed, of a block with its body
	Log     Strategy = "log"     // the error is logged and nothing is printed
)

var strategies = []string{string(Throw), string(Default), string(Remove), string(KeepRaw), string(Log)}

func (s Strategy) valid() bool {
	switch s {
	case Throw, Default, Remove, KeepRaw, Log:
		return true
	}
	return false
}

func strategyNames() string { return strings.Join(strategies, ", ") }
