"""What every package stands on: errors, files, parallel work, names. Private; imported module by module."""
