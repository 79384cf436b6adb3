# SPDX-License-Identifier: Apache-2.0
# CPack runs this between installing and packing.

# Man pages and changelogs are compressed, as Debian wants them, and without a time in them.
file(GLOB_RECURSE documents "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.8" "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/changelog")
execute_process(COMMAND gzip -9n ${documents} COMMAND_ERROR_IS_FATAL ANY)

# Everybody may enter the folders, whatever the umask of the one who packs.
file(CHMOD_RECURSE "${CPACK_TEMPORARY_INSTALL_DIRECTORY}" DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
