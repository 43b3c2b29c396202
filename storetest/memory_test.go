package storetest_test

import (
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

func openMemory(testing.TB) storetest.Place {
	return func() (prompty.TemplateStorage, error) { return prompty.NewMemoryStorage(), nil }
}

func TestMemory(t *testing.T) {
	t.Run("bare", func(t *testing.T) { storetest.Run(t, openMemory, storetest.Private()) })
	storetest.RunWrapped(t, openMemory, storetest.Private())
}
