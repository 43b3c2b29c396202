package prompty

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// StorageDriver opens a path, a URL … Errors must not show the secrets in it.
type StorageDriver interface {
	Open(connectionString string) (TemplateStorage, error)
}

var drivers struct {
	sync.RWMutex // guards byName
	byName       map[string]StorageDriver
}

// known are the drivers of this project, with the package to import for each.
var known = map[string]string{
	"filesystem": "github.com/go-prompty/prompty/fsstore",
	"fs":         "github.com/go-prompty/prompty/fsstore",
	"git":        "github.com/go-prompty/prompty/gitstore",
	"postgres":   "github.com/go-prompty/prompty/stores/sqlstore",
	"mysql":      "github.com/go-prompty/prompty/stores/sqlstore",
	"sqlite":     "github.com/go-prompty/prompty/stores/sqlstore",
	"mongodb":    "github.com/go-prompty/prompty/stores/mongostore",
	"redis":      "github.com/go-prompty/prompty/stores/redisstore",
	"dynamodb":   "github.com/go-prompty/prompty/stores/dynamostore",
}

// RegisterStorageDriver makes a driver available to [OpenStorage], from init.
// It panics if name is empty or taken, or driver is nil.
func RegisterStorageDriver(name string, driver StorageDriver) {
	drivers.Lock()
	defer drivers.Unlock()
	if name == "" || driver == nil {
		panic("prompty: RegisterStorageDriver needs a name and a driver")
	}
	if _, taken := drivers.byName[name]; taken {
		panic("prompty: storage driver " + name + " is registered twice")
	}
	if drivers.byName == nil {
		drivers.byName = make(map[string]StorageDriver)
	}
	drivers.byName[name] = driver
}

// ListStorageDrivers returns the names of the registered drivers, sorted.
func ListStorageDrivers() []string {
	drivers.RLock()
	defer drivers.RUnlock()
	return slices.Sorted(maps.Keys(drivers.byName))
}

// OpenStorage opens a storage with the driver of that name; "memory" is always
// there. The error for an unknown name says which import is missing.
func OpenStorage(driverName, connectionString string) (TemplateStorage, error) {
	drivers.RLock()
	driver := drivers.byName[driverName]
	drivers.RUnlock()
	if driver == nil {
		return nil, &StorageError{Op: "open", Err: unknownDriver(driverName)}
	}
	s, err := driver.Open(connectionString)
	if err != nil {
		if se, ok := errors.AsType[*StorageError](err); ok && se.Op == "open" {
			return nil, err
		}
		return nil, &StorageError{Op: "open", Name: driverName, Err: err}
	}
	if s == nil {
		return nil, &StorageError{Op: "open", Name: driverName, Err: errors.New("the driver returned neither a storage nor an error")}
	}
	return s, nil
}

func unknownDriver(name string) error {
	hint := "import the package that registers it"
	if path, ok := known[name]; ok {
		hint = fmt.Sprintf("add import _ %q", path)
	}
	return fmt.Errorf("unknown storage driver %s: %s; registered: %s",
		quoteName(name), hint, strings.Join(ListStorageDrivers(), ", "))
}
