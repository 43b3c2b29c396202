package sqlstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore"
)

func TestDialects(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"mysql", "postgres", "sqlite"} {
		if !slices.Contains(prompty.ListStorageDrivers(), dialect) {
			t.Errorf("the driver %s is not registered", dialect)
		}
		usual, err := sqlstore.Schema(dialect, "")
		if err != nil || !strings.Contains(usual, "prompty_versions") {
			t.Errorf("Schema(%s) = %v, %s, want the table prompty_versions", dialect, err, usual)
		}
		own, err := sqlstore.Schema(dialect, "team_")
		if err != nil || !strings.Contains(own, "team_versions") || strings.Contains(own, "prompty_") {
			t.Errorf("Schema(%s, team_) = %v, %s, want the table team_versions, and nothing else's", dialect, err, own)
		}
		if text, err := sqlstore.Schema(dialect, "1x"); err == nil {
			t.Errorf("Schema(%s, 1x) = %s, want an error", dialect, text)
		}
	}
	if _, err := sqlstore.Schema("oracle", ""); err == nil || !strings.Contains(err.Error(), "mysql, postgres, sqlite") {
		t.Errorf("Schema(oracle) = %v, want an error with the dialects", err)
	}
}
