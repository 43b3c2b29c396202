package testserver

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// reaper is a shell that outlives this process by a moment: when its input ends,
// which the system sees to even after kill -9, it ends the servers that are still
// running and removes the folder of all their files. (A signal on the parent's
// death, as Linux has it, would come with the end of a mere thread, leave the
// files, and the shared memory of PostgreSQL.)
var reaper undertaker

type undertaker struct {
	once sync.Once
	err  error
	dir  string // of this process's servers

	mu    sync.Mutex // guards writes to stdin
	stdin io.Writer
}

// Servers are asked to end in their fast way first; a moment later they are killed.
const reaperScript = `
trap '' HUP INT QUIT TERM
runs() { # and is no zombie, which nobody may ever bury
	kill -0 "$1" && { [ ! -d /proc/self ] || [ -e "/proc/$1/exe" ]; }
}
running=' '
while read -r op pid signal; do
	case $op in
	+) running="$running$pid/$signal " ;;
	-) running="${running%% $pid/*} ${running#* $pid/* }" ;;
	esac
done
for one in $running; do
	kill -CONT "${one%/*}"
	kill -"${one#*/}" "${one%/*}"
done
tries=0
for one in $running; do
	while runs "${one%/*}" && [ $tries -lt 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	kill -KILL "${one%/*}"
done
for try in 1 2 3 4 5; do
	rm -rf "$1" && break
	sleep 0.2
done
`

func (u *undertaker) start() error {
	u.once.Do(func() {
		if !supported {
			u.err = fmt.Errorf("servers are started on Unix only")
			return
		}
		// The sockets' paths must be short.
		if u.dir, u.err = os.MkdirTemp("", "prompty"); u.err != nil {
			return
		}
		if u.err = os.Chmod(u.dir, 0o711); u.err != nil {
			return
		}
		cmd := exec.Command("/bin/sh", "-c", reaperScript, "sh", u.dir)
		cmd.Dir = "/"
		if u.err = detach(cmd, false); u.err != nil {
			return
		}
		if u.stdin, u.err = cmd.StdinPipe(); u.err != nil {
			return
		}
		u.err = cmd.Start()
	})
	return u.err
}

// newFolder makes a folder, for the process of a server that must not be root.
func newFolder(name string) (string, error) {
	if err := reaper.start(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(reaper.dir, name)
	if err == nil {
		err = own(dir)
	}
	return dir, err
}

func (u *undertaker) watch(pid int, signal os.Signal) error {
	return u.tell(fmt.Sprintf("+ %d %d\n", pid, signal))
}

func (u *undertaker) forget(pid int) {
	u.tell(fmt.Sprintf("- %d\n", pid))
}

func (u *undertaker) tell(line string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, err := io.WriteString(u.stdin, line)
	return err
}

// find looks for a program on the path and in further places.
func find(name string, places ...string) (string, error) {
	for _, pattern := range places {
		found, _ := filepath.Glob(filepath.Join(pattern, name))
		if len(found) > 0 {
			return found[len(found)-1], nil // the newest version
		}
	}
	return exec.LookPath(name)
}
