"""A gateway for homes with solar, a battery and a shaky grid."""
