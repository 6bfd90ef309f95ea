# CPack takes the modules for libraries that ldconfig must learn of, as they lie in lib/ordeal, and makes scripts that call it; and
# Debian's zsh looks for the completion of packages in a folder of its own.
foreach(package ${CPACK_PACKAGE_FILES})
	set(folder ${CPACK_TEMPORARY_DIRECTORY}-again)
	file(REMOVE_RECURSE ${folder})
	execute_process(COMMAND dpkg-deb -R ${package} ${folder} COMMAND_ERROR_IS_FATAL ANY)
	file(REMOVE ${folder}/DEBIAN/postinst ${folder}/DEBIAN/postrm)
	file(RENAME ${folder}/usr/share/zsh/site-functions ${folder}/usr/share/zsh/vendor-completions)
	file(READ ${folder}/DEBIAN/md5sums sums)
	string(REPLACE zsh/site-functions/ zsh/vendor-completions/ sums "${sums}")
	file(WRITE ${folder}/DEBIAN/md5sums "${sums}")
	execute_process(COMMAND dpkg-deb --root-owner-group -b ${folder} ${package} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
	file(REMOVE_RECURSE ${folder})
endforeach()
