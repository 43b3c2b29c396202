package gitstore

import "github.com/go-prompty/prompty"

func init() { prompty.RegisterStorageDriver("git", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return nil, errSkeleton
}
