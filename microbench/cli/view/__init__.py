"""Show stored records: one subcommand a file, and what the subcommands share."""
