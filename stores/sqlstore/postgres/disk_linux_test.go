package postgres_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// A full disk refuses a save, which is then not there, and no more than that.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	if !server.Own() || os.Getuid() != 0 {
		t.Skip("it mounts a small file system for the server")
	}
	dir, err := os.MkdirTemp("", "prompty-full")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m,mode=777"); err != nil {
		t.Skipf("it may not mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	where := placeOn(server)
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.Stat(filepath.Join(u.Query().Get("host"), "data"))
	if err != nil {
		t.Fatal(err)
	}
	if owner, ok := data.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	name := prefixOf(t, where) + "small"
	admin(t, where, `CREATE TABLESPACE `+name+` LOCATION '`+dir+`'`)
	s, err := postgres.Open(with(where, "default_tablespace="+name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		p := prefixOf(t, where)
		admin(t, where, `DROP TABLE `+p+`schema, `+p+`heads, `+p+`versions`, `DROP TABLESPACE `+name)
	})
	saved := 0
	for {
		noise := make([]byte, 0, 400_000)
		for i := uint32(1); len(noise) < cap(noise); i++ { // what cannot be compressed
			noise = append(noise, byte('!'+(i*2654435761+uint32(saved)*40503)>>13%90))
		}
		if err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: string(noise)}); err != nil {
			break
		}
		if saved++; saved > 100 {
			t.Fatal("the disk is never full")
		}
	}
	if !strings.Contains(err.Error(), "disk") || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("a save on a full disk: %v", err)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != saved {
		t.Errorf("Get after %d saves = %v, %v", saved, got, err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=20m"); err != nil {
		t.Fatal(err)
	}
	save(t, s, "a")
	if list, err := s.ListVersions(t.Context(), "a"); err != nil || len(list) != saved+1 {
		t.Errorf("versions after there is room again: %v, %v, want %d", list, err, saved+1)
	}
}
