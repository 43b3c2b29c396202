package testserver

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// patience is for a server that starts or ends; it is far more than they need.
const patience = time.Minute

// A process is one of a server's.
type process struct {
	name    string // of its log
	dir     string
	args    []string
	nobody  bool         // it must not run as root
	ready   func() error // whether it answers
	orderly os.Signal    // ends it in good order
	fast    os.Signal    // ends it at once, but leaves nothing behind in the system

	mu   sync.Mutex // guards cmd
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts the process and waits until it is ready.
func (p *process) start() error {
	if err := p.launch(); err != nil {
		return err
	}
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = p.ready(); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended while it was started (%v)", p.args[0], p.cmd.ProcessState)
		default:
		}
	}
	p.stop(os.Kill)
	return fmt.Errorf("%s does not answer after %v: %w", p.args[0], patience, err)
}

// launch starts the process in two steps: a shell waits for a line, and only
// once the reaper knows its number it becomes the server. So no server is left
// behind, wherever this process is killed.
func (p *process) launch() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(filepath.Join(p.dir, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", `read -r _ || exit 1; exec "$@" </dev/null`, "sh"}, p.args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	cmd.Env = append(os.Environ(), "TMPDIR="+p.dir)
	if err := detach(cmd, p.nobody); err != nil {
		return err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	err = reaper.watch(cmd.Process.Pid, p.fast)
	if err == nil {
		_, err = io.WriteString(stdin, "\n")
	}
	stdin.Close()
	go func() {
		cmd.Wait()
		reaper.forget(cmd.Process.Pid)
		close(done)
	}()
	return err
}

// stop sends a signal and waits for the end; what does not end is killed.
func (p *process) stop(signal os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// kill ends the process and its children as kill -9 does. The children come
// first, while the stopped parent cannot see it: otherwise it would clean up
// after them, and they would finish what they have begun.
func (p *process) kill() {
	p.pause()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	left := children(p.pid())
	for _, child := range left {
		child.Kill()
	}
	p.cmd.Process.Kill()
	<-p.done
	for _, child := range left {
		settle(child, "")
	}
}

// pid is that of the process while it is being started or running.
func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running()
}

// running is false once the process has been seen to end; its number may then be
// somebody else's.
func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	signalStop(p.cmd.Process)
	for _, child := range children(p.pid()) {
		signalStop(child)
	}
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	for _, child := range children(p.pid()) {
		signalContinue(child)
	}
	signalContinue(p.cmd.Process)
}
