"""The pages inside WeChat: residents, merchants, couriers; and the guard's, made larger."""
