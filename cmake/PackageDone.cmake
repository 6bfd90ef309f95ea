# CPack takes the modules for libraries that ldconfig must learn of, as they lie in lib/ordeal, and makes scripts that call it.
foreach(package ${CPACK_PACKAGE_FILES})
	set(folder ${CPACK_TEMPORARY_DIRECTORY}-again)
	file(REMOVE_RECURSE ${folder})
	execute_process(COMMAND dpkg-deb -R ${package} ${folder} COMMAND_ERROR_IS_FATAL ANY)
	file(REMOVE ${folder}/DEBIAN/postinst ${folder}/DEBIAN/postrm)
	execute_process(COMMAND dpkg-deb --root-owner-group -b ${folder} ${package} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
	file(REMOVE_RECURSE ${folder})
endforeach()
