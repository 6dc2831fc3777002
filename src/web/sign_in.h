/*
 * sign_in.h: signing in and out, and who one is.
 */
#pragma once

#include "web/inside.h"

/* GET /api/v1/me */
enum MHD_Result answer_me(const struct request *request);
/* POST /api/v1/login, a form: user, password */
enum MHD_Result answer_login(const struct request *request);
/* POST /api/v1/logout */
enum MHD_Result answer_logout(const struct request *request);
/* POST /api/v1/password, a form: old, password */
enum MHD_Result answer_password(const struct request *request);
/* GET /enter?once=... */
enum MHD_Result answer_enter(const struct request *request);

/* GET and POST of /api/v1/users */
enum MHD_Result answer_users(const struct request *request);
