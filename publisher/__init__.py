"""From folders to the Hub: releases, the local Hub, the whole way, the command line."""
