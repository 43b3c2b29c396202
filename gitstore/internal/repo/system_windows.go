package repo

const nonBlock = 0

// ownedByUs: folders' owners are not looked at on Windows.
func ownedByUs(string) bool { return true }
