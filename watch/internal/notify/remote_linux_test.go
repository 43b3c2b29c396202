package notify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRemote asks about real file systems.
func TestRemote(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path, fsType string
		remote       bool
	}{
		{"/proc/self", "proc", true},
		{"/sys/kernel", "sysfs", true},
		{"/dev/shm", "tmpfs", false},
	} {
		fsType, remote, err := Remote(tc.path)
		if err != nil || fsType != tc.fsType || remote != tc.remote {
			t.Errorf("Remote(%s) = %s, %v, %v, want %s, %v", tc.path, fsType, remote, err, tc.fsType, tc.remote)
		}
	}
	dir := t.TempDir()
	if fsType, remote, err := Remote(dir); err != nil || remote || fsType == "" {
		t.Errorf("Remote(%s) = %q, %v, %v, want a local one", dir, fsType, remote, err)
	}
	_, _, err := Remote(filepath.Join(dir, "missing"))
	if pe, ok := errors.AsType[*fs.PathError](err); !ok || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remote of what is missing: %v (%v), want a PathError", err, pe)
	}
	if fsType, remote, err := Remote("/dev/pts"); err == nil && (fsType != "0x1cd1" || remote) {
		t.Errorf("Remote(/dev/pts) = %s, %v, want a number", fsType, remote)
	}
}

// TestRemoteOverlay has changes of its own layers only, which are heard.
func TestRemoteOverlay(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		dir := t.TempDir()
		must(t, unix.Mount("none", dir, "tmpfs", 0, ""))
		defer unix.Unmount(dir, 0)
		for _, sub := range []string{"lower", "upper", "work", "all"} {
			must(t, os.Mkdir(filepath.Join(dir, sub), 0o777))
		}
		all := filepath.Join(dir, "all")
		if err := unix.Mount("overlay", all, "overlay", 0, fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)); err != nil {
			t.Skipf("no overlay can be mounted here: %v", err)
		}
		defer unix.Unmount(all, 0)
		if fsType, remote, err := Remote(all); err != nil || fsType != "overlay" || remote {
			t.Errorf("Remote = %s, %v, %v, want overlay, false", fsType, remote, err)
		}
		e := byInotify.listen(t)
		e.mark(e.add(all), all)
		must(t, e.src.Close())
	})
}

// TestRemoteFUSE serves a file system that answers one question.
func TestRemoteFUSE(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		dev, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0) // without Go's poller, which only hears of it once it is mounted
		if err != nil {
			t.Skipf("no FUSE here: %v", err)
		}
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		dir := t.TempDir()
		options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", dev)
		if err := unix.Mount("test", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
			t.Skipf("no FUSE can be mounted here: %v", err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			serveFUSE(dev)
		}()
		fsType, remote, err := Remote(dir)
		if err != nil || fsType != "fuse" || !remote {
			t.Errorf("Remote = %s, %v, %v, want fuse, true", fsType, remote, err)
		}
		must(t, unix.Unmount(dir, unix.MNT_DETACH))
		<-done // it cannot be read any more
		must(t, unix.Close(dev))
	})
}

// serveFUSE answers the greeting and statfs, and nothing else (fuse(4),
// linux/fuse.h).
func serveFUSE(dev int) {
	const opStatfs, opInit = 17, 26
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(dev, buf)
		if err == unix.EINTR || err == unix.ENOENT { // the one who asked has gone
			continue
		}
		if err != nil || n < 40 {
			return // unmounted
		}
		var body []byte
		errno := int32(0)
		switch binary.NativeEndian.Uint32(buf[4:]) {
		case opInit:
			body = make([]byte, 64)
			binary.NativeEndian.PutUint32(body, 7)      // major
			binary.NativeEndian.PutUint32(body[4:], 31) // minor
			binary.NativeEndian.PutUint32(body[20:], 4096)
		case opStatfs:
			body = make([]byte, 80)
		default:
			errno = -int32(unix.ENOSYS)
		}
		reply := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		reply = binary.NativeEndian.AppendUint32(reply, uint32(errno))
		reply = append(reply, buf[8:16]...) // the question's number
		if _, err := unix.Write(dev, append(reply, body...)); err != nil {
			return
		}
	}
}
