package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A configLoader gathers configuration from all the files that git reads.
type configLoader struct {
	gitDir   string // "" outside a repository
	settings []setting
	files    int // read so far
}

// Bounds on includes. Git stops at a depth of 10 as well.
const (
	maxIncludeDepth = 10
	maxIncludes     = 1000
	maxPattern      = 4096 // bytes of a condition; no path is longer
)

// loadOwn reads what belongs to the user or the machine, not to a repository.
func (l *configLoader) loadOwn() error {
	if noSystem, err := strconv.ParseBool(os.Getenv("GIT_CONFIG_NOSYSTEM")); err != nil || !noSystem {
		system, ok := os.LookupEnv("GIT_CONFIG_SYSTEM")
		if !ok {
			system = "/etc/gitconfig"
		}
		if err := l.load(system, true, 0); err != nil {
			return err
		}
	}
	if global, ok := os.LookupEnv("GIT_CONFIG_GLOBAL"); ok {
		return l.load(global, true, 0)
	}
	home, _ := os.UserHomeDir()
	xdg := os.Getenv("XDG_CONFIG_HOME")
	if xdg == "" && home != "" {
		xdg = filepath.Join(home, ".config")
	}
	if xdg != "" {
		if err := l.load(filepath.Join(xdg, "git", "config"), true, 0); err != nil {
			return err
		}
	}
	if home == "" {
		return nil
	}
	return l.load(filepath.Join(home, ".gitconfig"), true, 0)
}

// loadEnv reads GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0 and so on.
func (l *configLoader) loadEnv() error {
	count := os.Getenv("GIT_CONFIG_COUNT")
	if count == "" {
		return nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > 10000 {
		return fmt.Errorf("the environment's GIT_CONFIG_COUNT=%s is no count; correct or unset it", count)
	}
	for i := range n {
		name := "GIT_CONFIG_KEY_" + strconv.Itoa(i)
		key, ok := os.LookupEnv(name)
		if !ok || !strings.Contains(key, ".") {
			return fmt.Errorf("the environment's %s is no section.key; correct it or GIT_CONFIG_COUNT", name)
		}
		value := os.Getenv("GIT_CONFIG_VALUE_" + strconv.Itoa(i))
		l.settings = append(l.settings, setting{key: fold(key), value: value, isSet: true, file: name, line: 1, trusted: true})
	}
	return nil
}

// load reads a file and what it includes. A file that doesn't exist is empty.
func (l *configLoader) load(file string, trusted bool, depth int) error {
	if l.files++; l.files > maxIncludes {
		return fmt.Errorf("%s: the configuration includes more than %d files; do they include each other?", file, maxIncludes)
	}
	list, err := readConfigFile(file, trusted)
	if err != nil {
		return err
	}
	for _, s := range list {
		s.trusted = trusted
		l.settings = append(l.settings, s)
		if !s.isSet || !l.includes(s) {
			continue
		}
		if depth == maxIncludeDepth {
			return s.errorf("includes too deep: more than %d files one in another", maxIncludeDepth)
		}
		path := expandHome(s.value)
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), filepath.FromSlash(path))
		}
		if err := l.load(path, trusted, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// includes reports whether s includes a file here. Conditions on remotes'
// addresses (hasconfig) never hold.
func (l *configLoader) includes(s setting) bool {
	if s.key == "include.path" {
		return true
	}
	condition, ok := strings.CutPrefix(s.key, "includeif.")
	if !ok || l.gitDir == "" {
		return false
	}
	if condition, ok = strings.CutSuffix(condition, ".path"); !ok {
		return false
	}
	kind, pattern, _ := strings.Cut(condition, ":")
	switch kind {
	case "gitdir", "gitdir/i":
		pattern = filepath.ToSlash(expandHome(pattern))
		if rest, ok := strings.CutPrefix(pattern, "./"); ok {
			dir := filepath.Dir(s.file)
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				dir = real
			}
			pattern = filepath.ToSlash(dir) + "/" + rest
		}
		if !filepath.IsAbs(filepath.FromSlash(pattern)) {
			pattern = "**/" + pattern
		}
		return globMatch(pattern, filepath.ToSlash(l.gitDir), kind == "gitdir/i")
	case "onbranch":
		head, err := readBounded(filepath.Join(l.gitDir, "HEAD"), 4096)
		branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
		return err == nil && ok && globMatch(pattern, branch, false)
	}
	return false
}

// globMatch matches as git does for paths: * and ? stay within a folder, **
// goes over folders, and a slash at the end means all that is below.
func globMatch(pattern, text string, foldCase bool) bool {
	if len(pattern) > maxPattern {
		return false
	}
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	if foldCase {
		re.WriteString(`(?i)`)
	}
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		atStart := i == 0 || pattern[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(rest, "**/"):
			re.WriteString(`(?:.*/)?`)
			i += 2
		case atStart && rest == "**":
			re.WriteString(`.*`)
			i++
		case rest[0] == '*':
			re.WriteString(`[^/]*`)
		case rest[0] == '?':
			re.WriteString(`[^/]`)
		case rest[0] == '\\' && len(rest) > 1:
			re.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		case rest[0] == '[' && len(rest) > 2 && strings.IndexByte(rest[2:], ']') >= 0:
			end := strings.IndexByte(rest[2:], ']') + 2 // the first character may be ]
			class := strings.ReplaceAll(rest[1:end], `\`, `\\`)
			class = strings.ReplaceAll(class, `[`, `\[`)
			if not, ok := strings.CutPrefix(class, "!"); ok {
				class = "^" + not
			}
			re.WriteString("[" + class + "]")
			i += end
		default:
			re.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	re.WriteString(`\z`)
	compiled, err := regexp.Compile(re.String())
	return err == nil && compiled.MatchString(text)
}
