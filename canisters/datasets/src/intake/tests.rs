mod deposits;
mod listing;
mod registration;
mod rooms;
mod stage;
