package sqlite

import "syscall"

// remote names the kind of file system that path is on if other machines may
// write there too; the numbers are those of statfs(2).
func remote(path string) string {
	var fs syscall.Statfs_t
	if syscall.Statfs(path, &fs) != nil {
		return ""
	}
	return map[uint32]string{
		0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB", 0x517b: "SMB", 0x01021997: "9p", 0x65735546: "FUSE",
		0x00c36400: "Ceph", 0x0bd00bd0: "Lustre", 0x5346414f: "AFS", 0x01161970: "GFS2", 0x7461636f: "OCFS2",
	}[uint32(fs.Type)]
}
